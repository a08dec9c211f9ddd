import type { Mark } from "../view/view.js";

/**
 * What this process makes of the view's mark of one node: see the drawing in node.ts.
 *
 *   clear      no mark
 *   obeyed     a mark of any kind. A down mark that was obeyed once is obeyed until it is taken back
 *   refuted    a down mark that is wrong: the node answers this process. Requests go on
 *   doubtful   a down mark of a view that is not fresh: a hint, which one trial of this process may overturn
 */
export type SharedMark =
  | { readonly state: "clear" }
  | {
      readonly state: "obeyed";
      readonly mark: Mark;
      /** On the monotonic clock: when this process began to obey a mark of that kind. */
      readonly sinceMs: number;
    }
  | { readonly state: "refuted"; readonly mark: Mark; readonly isFresh: boolean }
  | { readonly state: "doubtful"; readonly mark: Mark };

export const clearMark: SharedMark = { state: "clear" };

/** `isAnswering`: the last that this process has seen of the node is a byte, not long ago. */
export function nextMark(
  before: SharedMark,
  { mark, isFresh }: { readonly mark: Mark | undefined; readonly isFresh: boolean },
  isAnswering: boolean,
  nowMs: number,
): SharedMark {
  if (mark === undefined) return clearMark;
  if (mark.kind !== "down") return obeyed(before, mark, nowMs);
  const isKnown = before.state !== "clear" && before.mark.kind === "down" && before.mark.sinceMs === mark.sinceMs;
  const mayRefute = !isKnown || before.state === "refuted";
  // A mark without a failed probe rests on an answer: another cluster's node has the address.
  if (mayRefute && isAnswering && (mark.down?.failedProbes ?? 0) > 0) return { state: "refuted", mark, isFresh };
  return isFresh ? obeyed(before, mark, nowMs) : { state: "doubtful", mark };
}

/** A node that was used in spite of its down mark may have stopped answering. */
export function recheckMark(before: SharedMark, isAnswering: boolean, nowMs: number): SharedMark {
  if (before.state !== "refuted" || isAnswering) return before;
  const { mark, isFresh } = before;
  return isFresh ? { state: "obeyed", mark, sinceMs: nowMs } : { state: "doubtful", mark };
}

/** The mark to go by: a doubtful or refuted one is none. */
export function obeyedMark(shared: SharedMark): Mark | undefined {
  return shared.state === "obeyed" ? shared.mark : undefined;
}

function obeyed(before: SharedMark, mark: Mark, nowMs: number): SharedMark {
  const isSame = before.state === "obeyed" && before.mark.kind === mark.kind;
  return { state: "obeyed", mark, sinceMs: isSame ? before.sinceMs : nowMs };
}
