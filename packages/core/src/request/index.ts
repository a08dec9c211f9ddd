export { refusedBackoffMs, retryBackoffMs } from "./backoff.js";
export { type Classification, classify, type RequestClass } from "./classify.js";
export {
  type AttemptFacts,
  blamesNode,
  type FailureError,
  judgeFailure,
  mayHaveSent,
  type Outcome,
} from "./outcome.js";
export {
  emptyRerouteWindow,
  nextReroutes,
  type Reroute,
  type Reroutes,
  type RerouteTarget,
  type RerouteWindow,
  type StuckAttempt,
} from "./reroute.js";
export { parseRetryAfter } from "./retry-after.js";
export { RetryBudget } from "./retry-budget.js";
export {
  type Decision,
  decide,
  type FinishedAttempt,
  type History,
  isTransientRefusal,
  noHistory,
  type RetryableCall,
} from "./retry-policy.js";
