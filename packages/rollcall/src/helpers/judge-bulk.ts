import { type PoolResponse, RollcallError, type RollcallErrorCode } from "@rollcall/worker";
import type { BulkFailure } from "./bulk-types.js";
import { ndjsonOf, type Operation } from "./operation.js";

/**
 * What becomes of the operations of one request.
 *
 * items  each has its own answer: some were refused for now and may be sent again
 * again  none was applied, and all may be sent again; `error` if there is no further time
 * split  too many bytes at once for the node
 * failed all have failed, and the next ones may succeed
 * end    all have failed, and so would the next ones
 */
export type BulkVerdict =
  | {
      readonly next: "items";
      readonly refused: readonly Operation[];
      /** What the first of them was refused with. */
      readonly refusal: RollcallError | undefined;
      readonly failures: readonly BulkFailure[];
    }
  | {
      readonly next: "again";
      readonly error: RollcallError;
      readonly afterMs: number;
      /** No node has accepted it: if this goes on, no other request will be accepted. */
      readonly isUnsent: boolean;
    }
  | { readonly next: "split" }
  | { readonly next: "failed" | "end"; readonly error: RollcallError; readonly mayBeApplied: boolean };

/**
 * | answer                       | verdict                                                                 |
 * |------------------------------|-------------------------------------------------------------------------|
 * | 2xx, one item each           | items: 429 is refused, an error or a status from 400 on has failed       |
 * | 2xx, anything else           | failed, and may be applied                                               |
 * | 413                          | split; of one operation: failed                                          |
 * | 429                          | again: a node refuses a request before it begins with it                 |
 * | 401, 403, 404, 405           | end: what is wrong is not in the operations                              |
 * | another 4xx                  | failed; of several operations: and may be applied                        |
 * | else                         | failed, and may be applied                                               |
 *
 * Elasticsearch from 8.18 on may begin with a request before it has read all of it, and then refuse the rest with 400. A
 * 429 of the whole is sent only where it has not begun.
 */
export function judgeBulkAnswer(answer: PoolResponse, operations: readonly Operation[]): BulkVerdict {
  const { status } = answer;
  if (answer.ok) return judgeItems(answer, operations);
  const error = statusErrorOf(answer);
  if (status === 413 && operations.length > 1) return { next: "split" };
  if (status === 429) return { next: "again", error, afterMs: retryAfterMs(answer), isUnsent: false };
  if (ofAllRequests.has(status)) return { next: "end", error, mayBeApplied: false };
  return { next: "failed", error, mayBeApplied: status < 400 || status >= 500 || operations.length > 1 };
}

const ofAllRequests: ReadonlySet<number> = new Set([401, 403, 404, 405]);
/** The caller's own doing: no later request has another end. */
const ofCaller: ReadonlySet<RollcallErrorCode> = new Set(["CONFIG", "ABORTED", "CLOSED"]);

/** A request without an answer. What was not sent may be sent again; what may have been sent, only by the pool. */
export function judgeBulkError(thrown: unknown): BulkVerdict {
  const error = thrown instanceof RollcallError ? thrown : foreignError(thrown);
  const mayBeApplied = error.sent === "maybe";
  if (ofCaller.has(error.code)) return { next: "end", error, mayBeApplied };
  return mayBeApplied ? { next: "failed", error, mayBeApplied } : { next: "again", error, afterMs: 0, isUnsent: true };
}

/** Of what stands in for a pool. */
function foreignError(cause: unknown): RollcallError {
  return new RollcallError("CONFIG", "the request of the pool threw an error of another kind", {
    sent: "maybe",
    cause,
  });
}

interface AnsweredItem {
  readonly status?: number;
  readonly error?: unknown;
}

function judgeItems(answer: PoolResponse, operations: readonly Operation[]): BulkVerdict {
  const items = itemsIn(answer);
  if (items?.length !== operations.length) {
    const message = `${answer.node} answered a bulk of ${operations.length} operations without an item for each`;
    const error = new RollcallError("BAD_RESPONSE", message, { sent: "maybe", attempts: answer.attempts });
    return { next: "failed", error, mayBeApplied: true };
  }
  const refused: Operation[] = [];
  let refusal: RollcallError | undefined;
  const failures: BulkFailure[] = [];
  for (const [at, operation] of operations.entries()) {
    const { status = 0, error }: AnsweredItem = Object.values(items[at] ?? {})[0] ?? {};
    if (status === 429) {
      refusal ??= itemError(answer, status, error);
      refused.push(operation);
    }
    // A document that was to be deleted and is not there has 404 without an error.
    else if ((error !== undefined && error !== null) || (status >= 400 && !isGone(operation, status)) || status < 200) {
      // A second attempt conflicts with a first whose answer was lost.
      const ofEarlierAttempt = status === 409 && answer.attempts.length > 1;
      const mayBeApplied = ofEarlierAttempt || status < 400 || status >= 500;
      failures.push(bulkFailure(operation, itemError(answer, status, error), mayBeApplied));
    }
  }
  return { next: "items", refused, refusal, failures };
}

const isGone = ({ action }: Operation, status: number) => action === "delete" && status === 404;

function itemsIn(answer: PoolResponse): readonly Readonly<Record<string, AnsweredItem | null>>[] | undefined {
  try {
    const body = answer.json() as { readonly items?: unknown } | null;
    return Array.isArray(body?.items) ? body.items : undefined;
  } catch {
    return undefined;
  }
}

export function bulkFailure(operation: Operation, error: RollcallError, mayBeApplied: boolean): BulkFailure {
  const { position, action, index, id } = operation;
  return { position, action, index, id, status: error.status, error, mayBeApplied, ndjson: ndjsonOf([operation]) };
}

function itemError(answer: PoolResponse, status: number, body: unknown): RollcallError {
  const { type, reason } = (typeof body === "object" && body !== null ? body : {}) as Readonly<Record<string, unknown>>;
  const named = typeof type === "string" ? ` (${cut(type)})` : "";
  const explained = typeof reason === "string" ? `: ${cut(reason)}` : "";
  const message = `${answer.node} answered ${status}${named}${explained}`;
  const { attempts } = answer;
  const ofType = typeof type === "string" ? type : undefined;
  return new RollcallError("STATUS", message, { sent: "maybe", attempts, status, type: ofType, body });
}

const reasonMaxLength = 256;
const cut = (text: string) => (text.length > reasonMaxLength ? `${text.slice(0, reasonMaxLength)}…` : text);

function statusErrorOf(answer: PoolResponse): RollcallError {
  try {
    answer.throwIfError();
  } catch (error) {
    if (error instanceof RollcallError) return error;
  }
  const { status, attempts, node } = answer;
  return new RollcallError("STATUS", `${node} answered ${status}`, { sent: "maybe", attempts, status });
}

const longestRetryAfterMs = 60_000;

/** The seconds of a `Retry-After`; its dates, which no engine sends, are not read. */
function retryAfterMs({ headers }: PoolResponse): number {
  const value = headers["retry-after"];
  return typeof value === "string" && /^\d{1,9}$/.test(value)
    ? Math.min(Number(value) * 1_000, longestRetryAfterMs)
    : 0;
}
