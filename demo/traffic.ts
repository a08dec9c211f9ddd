import { setTimeout as sleep } from "node:timers/promises";
import { type Pool, type PoolRequest, RollcallError } from "@rollcall/worker";
import type { Tally } from "./tally.js";

/**
 * Searches, one after the other in each of `searchers`, with a pause between two of `pauseMs` or up to half as much again,
 * so that searchers do not fall into step. Their rate is at most the quotient.
 */
export interface Rate {
  readonly searchers: number;
  readonly pauseMs: number;
}

export interface Load extends Rate {
  readonly search: () => PoolRequest;
}

export interface TrafficOptions {
  readonly tally: Tally;
  readonly elapsedMs: () => number;
  /** No new search; those under way end as they end, and count. */
  readonly over: AbortSignal;
  /**
   * No new search, and what fails from now on does not count: a terminal's Ctrl-C may have reached the nodes, too, and
   * nobody waits for the end of the searches.
   */
  readonly cutShort: AbortSignal;
}

/** Sends searches until told to end. Resolves when the last one has; never rejects: what fails is in the tally. */
export async function sendSearches(pool: Pick<Pool, "request">, load: Load, options: TrafficOptions): Promise<void> {
  const { tally, elapsedMs, over, cutShort } = options;
  const ended = AbortSignal.any([over, cutShort]);
  const searcher = async () => {
    while (!ended.aborted) {
      const startedMs = elapsedMs();
      const outcome = await pool.request(load.search()).then(outcomeOf, outcomeOfError);
      const nowMs = elapsedMs();
      const tookMs = nowMs - startedMs;
      if (outcome.kind === "answered") tally.answered(outcome.node, tookMs, nowMs);
      else if (!cutShort.aborted) tally.missed({ atMs: nowMs, code: outcome.code, message: outcome.message }, tookMs);
      await sleep(load.pauseMs * (1 + Math.random() / 2), undefined, { signal: ended }).catch(() => {});
    }
  };
  await Promise.all(Array.from({ length: load.searchers }, searcher));
}

const triesTold = 3;

type Outcome =
  | { readonly kind: "answered"; readonly node: string }
  | { readonly kind: "failed"; readonly code: string; readonly message: string };

function outcomeOf(response: Awaited<ReturnType<Pool["request"]>>): Outcome {
  try {
    return { kind: "answered", node: response.throwIfError().node };
  } catch (error) {
    return outcomeOfError(error);
  }
}

function outcomeOfError(error: unknown): Outcome {
  if (!(error instanceof RollcallError)) return { kind: "failed", code: "unexpected", message: String(error) };
  const { code, message, attempts } = error;
  const tries = attempts.slice(-triesTold).map((attempt) => `${attempt.node} ${attempt.code}`);
  return {
    kind: "failed",
    code,
    message: tries.length === 0 ? message : `${message}; last tries: ${tries.join(", ")}`,
  };
}
