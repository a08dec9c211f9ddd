import { setTimeout as sleep } from "node:timers/promises";
import { type Pool, type PoolRequest, RollcallError } from "@rollcall/worker";
import type { Tally } from "./tally.js";

/**
 * Each of `searchers` sends one search after the other, with a pause of 1 to 1.5 times `pauseMs` between two, so that
 * searchers do not fall into step. Together they send at most `searchers` searches in `pauseMs`.
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
  /** No new search; those in flight end and count. */
  readonly over: AbortSignal;
  /**
   * No new search, and later failures do not count: Ctrl-C in a terminal may have reached the nodes, too, and the run
   * does not wait for the searches in flight.
   */
  readonly cutShort: AbortSignal;
}

/**
 * Sends searches until a signal fires. Resolves when the last one has ended; never rejects: failures are in the tally.
 */
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

const attemptsShown = 3;

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
  const last = attempts.slice(-attemptsShown).map((attempt) => `${attempt.node} ${attempt.code}`);
  const shown = last.length === 0 ? message : `${message}; last attempts: ${last.join(", ")}`;
  return { kind: "failed", code, message: shown };
}
