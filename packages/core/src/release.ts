/** The version of this code: that of every package of Rollcall. */
export const rollcallVersion = "0.1.0";
