export { refusedBackoffMs, retryBackoffMs } from "./backoff.js";
export { type Classification, classify, type RequestClass } from "./classify.js";
export {
  type Move,
  type Moves,
  type MoveTarget,
  nextMoves,
  noPortion,
  type Portion,
  type StuckAttempt,
} from "./moving.js";
export {
  type AttemptFacts,
  blamesNode,
  type FailureError,
  judgeFailure,
  mayHaveSent,
  type Outcome,
} from "./outcome.js";
export { parseRetryAfter } from "./retry-after.js";
export { RetryBudget } from "./retry-budget.js";
export {
  type Call,
  type Decision,
  decide,
  type FinishedAttempt,
  type History,
  noHistory,
  refusesForNow,
} from "./retry-policy.js";
