/** As `thread.ts`, for `require()`. */
require("./thread.js");

export {};
