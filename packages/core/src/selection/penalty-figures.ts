/**
 * How much less a node is used than the others, and why: what a thread has measured by which it picks nodes
 * (penalties.ts).
 */
export interface NodePenalty {
  /** A request there counts as so many: the node gets about one request where another gets so many. 1 or more. */
  readonly factor: number;
  /** Its latency is so many times that of the others; absent if that costs it no share. */
  readonly timesSlower?: number;
  /** The part, from 0 to 1, of its recent answers that were 429, 502, 503 or 504; absent if that costs it no share. */
  readonly refused?: number;
  /** The newest status of those. */
  readonly refusedStatus?: number;
  /** The part, from 0 to 1, of its recent answers that it delayed, where the others did not; absent if it costs nothing. */
  readonly late?: number;
}

/** Why, for people: `slow: 30 times the others' latency; failing: 12 % of its answers are 503`. */
export function penaltyText({ timesSlower, refused, refusedStatus, late }: NodePenalty): string {
  const causes = [
    ...(timesSlower === undefined ? [] : [`slow: ${figure(timesSlower)} times the others' latency`]),
    ...(refused === undefined
      ? []
      : [`failing: ${percent(refused)} of its answers are ${refusedStatus ?? "refusals"}`]),
    ...(late === undefined ? [] : [`late: ${percent(late)} of its answers are delayed`]),
  ];
  return causes.length === 0 ? "slower or failing more often than the others" : causes.join("; ");
}

/** For people: `1.4`, `30`. */
export function figure(value: number): string {
  return value < 10 ? `${Math.round(value * 10) / 10}` : `${Math.round(value)}`;
}

function percent(part: number): string {
  return `${figure(part * 100)} %`;
}
