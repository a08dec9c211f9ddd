/** Something that knows where it stands; {@link SwapRemoveList} alone writes it. */
export interface Indexed {
  place: number;
}

/**
 * A list, in no order, to which things are added and from which they are taken at every request.
 *
 * A Set would do the same, and let a part of what passes through it survive into the old generation: V8 makes a new hash
 * table every so often, and its abandoned tables keep each other, and what they hold, alive.
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

  /** What is in the list now, apart from it: it may be changed meanwhile. */
  toArray(): Item[] {
    return [...this.items];
  }
}
