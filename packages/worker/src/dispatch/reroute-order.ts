/**
 * Nodes that are stalled or marked down while requests wait at them, and the nodes that their Reads may go to instead.
 */
export interface RerouteOrder {
  /** When it was made. One that comes late is ignored: another follows. */
  readonly decidedAtMs: number;
  readonly stuck: readonly {
    readonly slot: number;
    readonly generation: number;
    /** Since when the node has been under suspicion. */
    readonly suspectedAtMs: number;
  }[];
  readonly targets: readonly {
    readonly slot: number;
    /** When the node last gave this process a sign of life; -Infinity for never. */
    readonly lastByteAtMs: number;
  }[];
}
