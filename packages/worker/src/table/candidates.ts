import type { SelectableNode } from "@rollcall/core/selection";
import { HeaderWord, SharedWord, type SlotState, sharedRow, unpackState } from "./layout.js";

/**
 * Every node that may be used at all, as the shared rows have it now. They are the same while `HeaderWord.version` is.
 */
export function readCandidates(words: Int32Array): SelectableNode[] {
  const candidates: SelectableNode[] = [];
  const rows = Atomics.load(words, HeaderWord.rows);
  // Each time that one of perhaps thousands of rows has changed: most are alike.
  let lastWord = 0;
  let state: SlotState | undefined;
  for (let slot = 0; slot < rows; slot++) {
    const word = Atomics.load(words, sharedRow(slot) + SharedWord.state);
    if (word !== lastWord) state = unpackState(word);
    lastWord = word;
    if (state !== undefined) candidates.push({ slot, tier: state.tier, mark: state.mark, ejected: state.ejected });
  }
  return candidates;
}

/** Whether the view, an operator or this process keeps requests off it. */
export function isAvoided({ mark, ejected }: SelectableNode): boolean {
  return ejected || mark === "down" || mark === "drained" || mark === "unproven";
}
