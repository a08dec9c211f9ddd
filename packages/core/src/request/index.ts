export { AnswerMemory, type GrowingAnswer, uncountedBytes } from "./answer-memory.js";
export { refusedBackoffMs, retryBackoffMs } from "./backoff.js";
export { type Classification, classify, type RequestClass } from "./classify.js";
export { failureMessage } from "./failure-message.js";
export { type MoveTurn, nextMoveTurn } from "./move-turn.js";
export {
  type AttemptFacts,
  blamesNode,
  blamesProxy,
  type FailureError,
  judgeFailure,
  type Outcome,
} from "./outcome.js";
export { type OwnedSearch, ownedSearchOf } from "./owned-search.js";
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
  historyOfSent,
  isTransientRefusal,
  noHistory,
  type RetryableCall,
  sentOf,
  withGivenUpAttempt,
} from "./retry-policy.js";
export { decideAfterThreadDeath, type InterruptedRequest } from "./thread-death.js";
export {
  nextReceiveWindow,
  nextSendWindow,
  type ReceiveWindow,
  receiveWindow,
  type SendWindow,
  sendWindow,
} from "./window.js";
export { nextWindowBytes, ownThreadWindowBytes, pieceMaxBytes, windowMinBytes } from "./window-sizes.js";
