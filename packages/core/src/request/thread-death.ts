import type { Sent } from "../errors.js";
import type { RequestClass } from "./classify.js";
import type { RetryBudget } from "./retry-budget.js";

/** A request whose worker thread has died. */
export interface InterruptedRequest {
  readonly class: RequestClass;
  readonly maxRetries: number;
  readonly deadlineMs: number;
  /** Attempts that threads which have died, this one included, handed to a socket. */
  readonly sentAttempts: number;
  /** How many threads have died after they had accepted the request, this one included. */
  readonly deaths: number;
}

/** A request that was in so many threads that died is given to no other: it may be what kills them. */
const deathsMax = 2;

/**
 * Whether a request goes to another thread when its own has died.
 *
 * One that reached no socket goes on free of charge, whatever its class. One that did goes on if it is a Read, if
 * `maxRetries` allows one more retry, and if the budget pays for it: a thread's death is no reason to send twice what
 * the caller wants sent once.
 */
export function decideAfterThreadDeath(
  request: InterruptedRequest,
  nowMs: number,
  budget: RetryBudget,
): { readonly next: "resend" } | { readonly next: "fail"; readonly sent: Sent } {
  const sent = request.sentAttempts === 0 ? "no" : "maybe";
  if (request.deaths >= deathsMax) return { next: "fail", sent };
  if (sent === "no") return { next: "resend" };
  const mayRetry = request.class === "read" && request.sentAttempts <= request.maxRetries && nowMs < request.deadlineMs;
  return mayRetry && budget.trySpend(nowMs) ? { next: "resend" } : { next: "fail", sent };
}
