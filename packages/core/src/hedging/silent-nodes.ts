/** So many Reads that wait too long at a node without a byte of it show that it is the node, and not the Reads. */
const readsToShow = 2;

/** The nodes at which several Reads of one thread wait too long, and that have sent it no byte since these began. */
export class SilentNodes {
  /** By slot. */
  private readonly silences = new Map<number, { lastByteMs: number; reads: number }>();

  /** One more Read waits too long at this slot's node, whose last byte came before it began. To be called once a Read. */
  count(slot: number, lastByteMs: number): void {
    const known = this.silences.get(slot);
    if (known?.lastByteMs === lastByteMs) known.reads++;
    else this.silences.set(slot, { lastByteMs, reads: 1 });
  }

  has(slot: number, lastByteMs: number): boolean {
    const known = this.silences.get(slot);
    return known?.lastByteMs === lastByteMs && known.reads >= readsToShow;
  }
}
