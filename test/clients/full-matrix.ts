/** `npm run test:clients`: also what takes too long for `npm test`. */
export const isFullMatrix = process.env.ROLLCALL_TEST_CLIENTS === "all";
