// Internal: every export of this package, here and in its other entry points, may change in any release. Applications
// use the package "rollcall", whose exports follow semantic versioning.

export { boundLogger } from "./bound-logger.js";
export type { Clock, Timers } from "./clock.js";
export { errorCodeOf, messageOf } from "./error-text.js";
export {
  type Attempt,
  type ErrorDetails,
  errorCodes,
  RollcallError,
  type RollcallErrorCode,
  type Sent,
  type WireError,
} from "./errors.js";
export { failureReason } from "./failure-reason.js";
export { lateMs } from "./in-time.js";
export { latencyBucketOf, latencyBuckets, latencyPercentileMs } from "./latency-buckets.js";
export { type Link, LinkedList } from "./linked-list.js";
export { Listeners, type Unsubscribe } from "./listeners.js";
export { type LogEvent, type LogEventName, logEvent, logEvents } from "./log-events.js";
export { type Logger, silentLogger } from "./logger.js";
export { type Present, present } from "./present.js";
export { printable, printableData } from "./printable.js";
export type { Random } from "./random.js";
export { type Reducer, ReducerRunner, type ReducerRunnerOptions } from "./reducer-runner.js";
export { rollcallVersion } from "./release.js";
export { safeLogger } from "./safe-logger.js";
export { Semaphore } from "./semaphore.js";
export { runAtOnce, runInTurns, type Steps } from "./steps.js";
export {
  handshakeEnded,
  notPinned,
  onlyTls,
  type TlsFaultKind,
  tlsFaultOf,
} from "./tls-fault.js";
export { withDeadline } from "./with-deadline.js";
