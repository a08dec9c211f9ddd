import type { Random } from "../random.js";

/** Where a node would stand, if there is none. */
export const nobody = -1;

/**
 * Two different nodes, drawn at random from those that are offered one after the other: every two of the best place are
 * equally likely to be held (Vitter's algorithm R). Made once and used again: a pick allocates nothing.
 */
export class DrawTwo {
  first = nobody;
  second = nobody;
  /** The best that was offered; a lower one is better. */
  place = Number.POSITIVE_INFINITY;
  private drawn = 0;

  clear(): void {
    this.first = nobody;
    this.second = nobody;
    this.place = Number.POSITIVE_INFINITY;
    this.drawn = 0;
  }

  offer(slot: number, place: number, random: Random): void {
    if (place > this.place) return;
    if (place < this.place) {
      this.clear();
      this.place = place;
    }
    this.drawn++;
    const at = this.drawn <= 2 ? this.drawn - 1 : Math.floor(random() * this.drawn);
    if (at === 0) this.first = slot;
    else if (at === 1) this.second = slot;
  }
}
