/** What can stand in a {@link DueList}. Its links are that list's own. */
export interface DueLink<Self> {
  sooner: Self | undefined;
  later: Self | undefined;
  dueMs: number;
}

/**
 * What is due, the soonest first. Adding looks for the place from the end: where nearly every new item is due last, as
 * under one delay that hardly changes, no step loops. Removing never does. Nothing is allocated.
 */
export class DueList<Item extends DueLink<Item>> {
  soonest: Item | undefined;
  private last: Item | undefined;

  /** One that is in no list. */
  add(item: Item): void {
    let before = this.last;
    while (before !== undefined && before.dueMs > item.dueMs) before = before.sooner;
    const after = before === undefined ? this.soonest : before.later;
    item.sooner = before;
    item.later = after;
    if (before === undefined) this.soonest = item;
    else before.later = item;
    if (after === undefined) this.last = item;
    else after.sooner = item;
  }

  /** One that is in this list. */
  remove(item: Item): void {
    const { sooner, later } = item;
    if (sooner === undefined) this.soonest = later;
    else sooner.later = later;
    if (later === undefined) this.last = sooner;
    else later.sooner = sooner;
    item.sooner = undefined;
    item.later = undefined;
  }
}
