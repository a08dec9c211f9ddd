/**
 * Which threads may still have requests or connections on a slot. Once none has, another node may get the slot.
 *
 * A thread may release a slot before it gets a list that names the slot again. So lists of targets are numbered, and a
 * release under an older list than the last one that names the slot is ignored.
 */
export class SlotReclamation<Holder> {
  /** By holder: the slots that it holds, and since which list. */
  private readonly held = new Map<Holder, Map<number, number>>();
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
    this.add(holder, this.named, topology);
  }

  /** True if the slot has no holder any more. */
  release(holder: Holder, slot: number, topology: number): boolean {
    const slots = this.held.get(holder);
    const since = slots?.get(slot);
    if (slots === undefined || since === undefined || topology - since <= 0) return false;
    slots.delete(slot);
    return this.isFree(slot);
  }

  /** The holder is gone. Returns the slots that have no holder any more. */
  leave(holder: Holder): number[] {
    const slots = this.held.get(holder) ?? [];
    this.held.delete(holder);
    return [...slots].flatMap(([slot]) => (this.isFree(slot) ? [slot] : []));
  }

  private add(holder: Holder, slots: Iterable<number>, topology: number): void {
    const held = this.held.get(holder) ?? new Map<number, number>();
    for (const slot of slots) held.set(slot, topology);
    this.held.set(holder, held);
  }

  private isFree(slot: number): boolean {
    if (this.named.has(slot)) return false;
    for (const slots of this.held.values()) if (slots.has(slot)) return false;
    return true;
  }
}
