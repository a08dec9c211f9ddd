import { type CallKind, callKinds, type FailedCall } from "./messages.js";

export const faultNames = [
  "a frozen node",
  "stalls of 300 ms",
  "a node that answers 503",
  "overload",
  "a restart at the same port",
  "a restart at another port",
  "Redis killed",
  "Redis frozen",
  "the coordinator killed",
  "no processor time",
] as const;
export type FaultName = (typeof faultNames)[number];

/** A fault while it was in force; `endedMs` is absent while it lasts. */
export interface FaultInterval {
  readonly fault: FaultName;
  readonly beganMs: number;
  endedMs?: number;
}

type Allowed = Readonly<Partial<Record<CallKind, readonly string[]>>>;

const connectionLost: Allowed = { once: ["DISCONNECTED"], scroll: ["DISCONNECTED"], stream: ["DISCONNECTED"] };
const everyKind = (errors: readonly string[]): Allowed => Object.fromEntries(callKinds.map((kind) => [kind, errors]));

/**
 * The errors that callers may see of each fault, by kind of call. What is not here is a defect: a search fails in an
 * overload alone, and what happens to Redis or to the coordinator no call ever sees.
 */
const allowed: Readonly<Record<FaultName, Allowed>> = {
  // Their timeouts are shorter than the fault, and what may not be sent twice stays with its node.
  "a frozen node": { once: ["TIMEOUT"], scroll: ["TIMEOUT"], stream: ["TIMEOUT"] },
  "stalls of 300 ms": {},
  // An answer like any other for what may not be sent twice.
  "a node that answers 503": { once: ["STATUS 503"], scroll: ["STATUS 503"] },
  overload: everyKind(["QUEUE_FULL", "TIMEOUT", "STATUS 429"]),
  "a restart at the same port": connectionLost,
  "a restart at another port": connectionLost,
  "Redis killed": {},
  "Redis frozen": {},
  "the coordinator killed": {},
  // The machine's doing: work of others held processes of the soak up.
  "no processor time": everyKind(["QUEUE_FULL", "TIMEOUT"]),
};

/** What a fault has done to calls that began soon after its end is still its doing. */
const aftermathMs = 5_000;

/** Whether a fault that was in force during the call explains its error. */
export function isAllowed({ kind, error, beganMs, endedMs }: FailedCall, faults: readonly FaultInterval[]): boolean {
  return faults.some(
    ({ fault, beganMs: fromMs, endedMs: toMs = Number.POSITIVE_INFINITY }) =>
      fromMs <= endedMs && beganMs <= toMs + aftermathMs && (allowed[fault][kind]?.includes(error) ?? false),
  );
}
