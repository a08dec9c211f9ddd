/** Nodes that have fallen silent or are marked DOWN while requests wait on them, and where their Reads may go instead. */
export interface RerouteOrder {
  /** When it was made: one that comes late says nothing any more, and another follows. */
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
    readonly heardAtMs: number;
  }[];
}
