/** So long must nothing but the other cluster have answered. */
const succeedsAfterMs = 60_000;
/** Nodes of another cluster are asked every 10 s or more often: after a longer silence it is we who were not running. */
const gapMs = 30_000;

/**
 * Another cluster that answers where ours should: ours may have been rebuilt. Times are monotonic milliseconds.
 *
 *                          another uuid                 the same, 60 s later
 *    undefined (nobody) ─────────────────▶ a claimant ──────────────────────▶ it succeeds
 *         ▲                                 │   │  ▲
 *         └───────────── our uuid ──────────┘   └──┘ a third uuid: a new claimant
 */
export interface ReplacementCandidate {
  readonly uuid: string;
  readonly sinceMs: number;
  /** When it last answered. */
  readonly seenAtMs: number;
}

/**
 * Takes one answer to `GET /` into account: `uuid` is a foreign one, or undefined where a node of ours has answered.
 *
 * Promised: while a node of ours answers at least once a minute nobody succeeds, whatever others answer, nor while two
 * other clusters answer. Only answers of configured nodes may be given as foreign: where those are is the one thing
 * about a cluster that nobody but its owner decides.
 */
export function nextReplacementCandidate(
  claimant: ReplacementCandidate | undefined,
  uuid: string | undefined,
  nowMs: number,
): { readonly claimant: ReplacementCandidate | undefined; readonly succeeds: boolean } {
  if (uuid === undefined) return { claimant: undefined, succeeds: false };
  if (claimant?.uuid !== uuid || nowMs > claimant.seenAtMs + gapMs) {
    return { claimant: { uuid, sinceMs: nowMs, seenAtMs: nowMs }, succeeds: false };
  }
  return { claimant: { ...claimant, seenAtMs: nowMs }, succeeds: nowMs >= claimant.sinceMs + succeedsAfterMs };
}
