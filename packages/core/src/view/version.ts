/** Orders all documents ever published: by epoch, then leader, then sequence. */
export interface Version {
  /** Grows with every change of leadership. */
  readonly epoch: number;
  /** The publisher; only breaks a tie between equal epochs. */
  readonly leader: string;
  /** Grows with every publication of this kind of document in this epoch. */
  readonly sequence: number;
}

/** Less than 0 if `a` is older than `b`, 0 if they are the same, more than 0 if `a` is newer. */
export function compareVersions(a: Version, b: Version): number {
  if (a.epoch !== b.epoch) return a.epoch - b.epoch;
  if (a.leader !== b.leader) return a.leader < b.leader ? -1 : 1;
  return a.sequence - b.sequence;
}
