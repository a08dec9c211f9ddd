/**
 * Which threads may still have requests or connections on a slot. Once none has, another node may get the slot.
 *
 * A thread may release a slot before it gets a list that names the slot again. So lists of targets are numbered, and a
 * release under an older list than the last one that names the slot is ignored.
 */
export class SlotReclamation<Holder> {
  /** By slot: its holders, and since which list. */
  private readonly slots = new Map<number, Map<Holder, number>>();
  private named: ReadonlySet<number> = new Set();

  /** A list that names these slots goes out to all of these holders. Returns the slots that have no holder any more. */
  handOut(holders: Iterable<Holder>, slots: readonly number[], topology: number): number[] {
    const before = this.named;
    this.named = new Set(slots);
    for (const holder of holders) this.add(holder, slots, topology);
    return [...before].filter((slot) => this.isFree(slot));
  }

  /** One more holder gets the newest list. */
  join(holder: Holder, topology: number): void {
    this.add(holder, [...this.named], topology);
  }

  /** True if the slot has no holder any more. */
  release(holder: Holder, slot: number, topology: number): boolean {
    const holders = this.slots.get(slot);
    const since = holders?.get(holder);
    if (holders === undefined || since === undefined || topology - since <= 0) return false;
    holders.delete(holder);
    return this.isFree(slot);
  }

  /** The holder is gone. Returns the slots that have no holder any more. */
  leave(holder: Holder): number[] {
    const freed: number[] = [];
    for (const [slot, holders] of this.slots) if (holders.delete(holder) && this.isFree(slot)) freed.push(slot);
    return freed;
  }

  private add(holder: Holder, slots: readonly number[], topology: number): void {
    for (const slot of slots) {
      const holders = this.slots.get(slot) ?? new Map<Holder, number>();
      holders.set(holder, topology);
      this.slots.set(slot, holders);
    }
  }

  private isFree(slot: number): boolean {
    if (this.named.has(slot)) return false;
    const holders = this.slots.get(slot);
    if (holders !== undefined && holders.size > 0) return false;
    this.slots.delete(slot);
    return true;
  }
}
