import { type Link, LinkedList } from "../linked-list.js";

/** What can stand in a {@link DueList}. */
export interface DueLink<Self> extends Link<Self> {
  dueMs: number;
}

/**
 * What is due, the soonest first. Adding looks for the place from the end: where nearly every new item is due last, as
 * under one delay that hardly changes, no step loops.
 */
export class DueList<Item extends DueLink<Item>> extends LinkedList<Item> {
  override add(item: Item): void {
    let before = this.last;
    while (before !== undefined && before.dueMs > item.dueMs) before = before.before;
    this.addAfter(before, item);
  }
}
