import type { Random } from "../random.js";

/** The slot that means no node. */
export const noSlot = -1;

/**
 * Draws two different nodes at random from those that are offered one after the other. Every two of the best place are
 * equally likely (Vitter's algorithm R). Reused, so that a pick allocates nothing.
 */
export class DrawTwo {
  first = noSlot;
  second = noSlot;
  /** The best place that was offered; lower is better. */
  place = Number.POSITIVE_INFINITY;
  private drawn = 0;

  clear(): void {
    this.first = noSlot;
    this.second = noSlot;
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
