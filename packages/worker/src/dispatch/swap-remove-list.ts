/** An item that holds its own index in the list. Only {@link SwapRemoveList} writes it. */
export interface Indexed {
  place: number;
}

/**
 * A list in no order, for items that are added and removed at every request.
 *
 * Not a Set: V8 replaces a Set's hash table every so often, and abandoned tables keep each other, and the items in
 * them, alive into the old generation.
 */
export class SwapRemoveList<Item extends Indexed> {
  private readonly items: Item[] = [];

  get length(): number {
    return this.items.length;
  }

  add(item: Item): void {
    item.place = this.items.push(item) - 1;
  }

  /** The last one takes its place. It must be in the list. */
  remove(item: Item): void {
    const last = this.items.pop();
    if (last === undefined || last === item) return;
    this.items[item.place] = last;
    last.place = item.place;
  }

  /** A copy: the list may change while it is read. */
  toArray(): Item[] {
    return [...this.items];
  }
}
