import { type ErrorDetails, type PoolResponse, RollcallError } from "@rollcall/worker";
import type { HitsPage, SearchHit } from "./hits-types.js";

/** What the helpers read of a search's answer. */
interface SearchAnswer {
  readonly timed_out?: unknown;
  readonly _shards?: { readonly total?: unknown; readonly failed?: unknown; readonly failures?: unknown };
  readonly hits?: { readonly hits?: unknown };
}

/** @throws {RollcallError} `STATUS` for another answer than 2xx; `BAD_RESPONSE` for one without hits */
export function pageOf<Document>(response: PoolResponse, what: PageName): HitsPage<Document> {
  throwIfRefused(response, what);
  const answer = response.json() as (SearchAnswer & Readonly<Record<string, unknown>>) | null;
  const hits = answer?.hits?.hits;
  if (answer === null || !Array.isArray(hits)) {
    throw new RollcallError("BAD_RESPONSE", `${nameOf(what)}: the answer of ${response.node} has no hits`, {
      sent: "maybe",
      attempts: response.attempts,
    });
  }
  return { hits: hits as readonly SearchHit<Document>[], answer, node: response.node };
}

/** Which page of which search it is, from 1; and how long its context lives between two. */
export interface PageName {
  readonly helper: "scroll" | "pit";
  readonly number: number;
  readonly keepAliveMs: number;
}

/** @throws {RollcallError} `STATUS`, which says what to do where the context is gone */
export function throwIfRefused(response: PoolResponse, what: PageName): void {
  if (response.ok) return;
  try {
    response.throwIfError();
  } catch (error) {
    if (!(error instanceof RollcallError)) throw error;
    throw renamed(error, `${nameOf(what)}: ${error.message}${what.number > 1 ? adviceFor(response.status, what) : ""}`);
  }
  throw new RollcallError("STATUS", `${nameOf(what)}: ${response.node} answered ${response.status}`, {
    sent: "maybe",
    attempts: response.attempts,
    status: response.status,
  });
}

/** What an answer to a further page means for the search. */
function adviceFor(status: number, what: PageName): string {
  if (status === 404) return `; ${expired(what)}`;
  const isOfUser = what.helper === "scroll" && (status === 401 || status === 403);
  return isOfUser ? "; a scroll goes on for the user who opened it alone, so begin again" : "";
}

/** The same error, with more in its message. */
export function renamed(error: RollcallError, message: string): RollcallError {
  const { code, sent, attempts, status, type, body } = error;
  const details: ErrorDetails = { sent, attempts, status, type, body, cause: error };
  return new RollcallError(code, message, details);
}

/**
 * Why the page lacks hits; undefined where it has all of them.
 *
 * A context that a shard has lost shows itself so, too, where other shards have theirs.
 */
export function partialError({ answer, node }: HitsPage, what: PageName): RollcallError | undefined {
  const { timed_out: isLate, _shards: shards } = answer as SearchAnswer;
  const failed = typeof shards?.failed === "number" ? shards.failed : 0;
  if (failed === 0 && isLate !== true) return undefined;
  const type = failureType(shards?.failures);
  const named = type === undefined ? "" : ` (${type})`;
  const why = failed > 0 ? `${failed} of ${String(shards?.total)} shards failed${named}` : "the search timed out";
  const isGone = type === "search_context_missing_exception";
  const advice = isGone ? expired(what) : "`onPartial` takes such a page";
  return new RollcallError("BAD_RESPONSE", `${nameOf(what)} lacks hits: ${why}, says ${node}; ${advice}`, {
    sent: "maybe",
  });
}

export function nameOf({ helper, number }: PageName): string {
  return `page ${number} of a ${helper}`;
}

function expired({ keepAliveMs }: PageName): string {
  return `the search is open no longer: more than ${keepAliveMs} ms (keepAliveMs) lay between two pages, or a node that held a part of it is gone`;
}

function failureType(failures: unknown): string | undefined {
  if (!Array.isArray(failures)) return undefined;
  const [first] = failures as readonly ({ readonly reason?: { readonly type?: unknown } } | null)[];
  const type = first?.reason?.type;
  return typeof type === "string" && /^[a-z0-9_.]{1,128}$/.test(type) ? type : undefined;
}
