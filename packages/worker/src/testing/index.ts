export type { MockAnswer, MockErrorCode, MockReply } from "./mock-answer.js";
export type { MockMatch } from "./mock-match.js";
export { type MockPool, type MockPoolOptions, mockPool } from "./mock-pool.js";
export type { MockRequest } from "./mock-request.js";
