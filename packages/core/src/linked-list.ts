/** What can stand in a {@link LinkedList}. Its links are that list's own: it stands in one list at a time. */
export interface Link<Self> {
  before: Self | undefined;
  after: Self | undefined;
}

/** Items in an order, each of which can leave from any place. No step loops or allocates. */
export class LinkedList<Item extends Link<Item>> {
  first: Item | undefined;
  last: Item | undefined;

  /** Adds one that is in no list, at the end. */
  add(item: Item): void {
    this.addAfter(this.last, item);
  }

  /** One that is in this list. */
  remove(item: Item): void {
    const { before, after } = item;
    if (before === undefined) this.first = after;
    else before.after = after;
    if (after === undefined) this.last = before;
    else after.before = before;
    item.before = undefined;
    item.after = undefined;
  }

  /** The first one first. */
  *[Symbol.iterator](): Generator<Item, void> {
    for (let item = this.first; item !== undefined; item = item.after) yield item;
  }

  /** Undefined: at the beginning. */
  protected addAfter(before: Item | undefined, item: Item): void {
    const after = before === undefined ? this.first : before.after;
    item.before = before;
    item.after = after;
    if (before === undefined) this.first = item;
    else before.after = item;
    if (after === undefined) this.last = item;
    else after.before = item;
  }
}
