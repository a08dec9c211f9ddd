import type { SelectableNode } from "@rollcall/core/selection";
import { HeaderWord, SharedWord, sharedRow, unpackState } from "./layout.js";

/**
 * Every node that may be used at all, as the shared rows have it now. They are the same while `HeaderWord.version` is.
 */
export function readCandidates(words: Int32Array): SelectableNode[] {
  const candidates: SelectableNode[] = [];
  const rows = Atomics.load(words, HeaderWord.rows);
  for (let slot = 0; slot < rows; slot++) {
    const state = unpackState(Atomics.load(words, sharedRow(slot) + SharedWord.state));
    if (state !== undefined) candidates.push({ slot, ...state });
  }
  return candidates;
}

/** Whether the view, an operator or this process keeps requests off it. */
export function isAvoided({ mark, ejected }: SelectableNode): boolean {
  return ejected || mark === "down" || mark === "drained" || mark === "unproven";
}
