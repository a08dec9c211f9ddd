/** How long the parts of a scenario take. */
export interface Pace {
  readonly warmUpMs: number;
  readonly healthyMs: number;
  /** A frozen or killed node stays away for so long. */
  readonly outageMs: number;
  readonly grayMs: number;
  readonly coldMs: number;
  /** In a rolling restart: the time a node stays stopped, and the time between two nodes. */
  readonly downMs: number;
  readonly betweenMs: number;
  /** For the printed plan alone: the time a node takes to start and to join. */
  readonly startMs: number;
  /** After the last node is back. */
  readonly afterOutageMs: number;
  readonly afterGrayMs: number;
}

export const fullPace: Pace = {
  warmUpMs: 3_000,
  healthyMs: 5_000,
  outageMs: 15_000,
  grayMs: 12_000,
  coldMs: 30_000,
  downMs: 4_000,
  betweenMs: 2_000,
  startMs: 300,
  afterOutageMs: 36_000,
  afterGrayMs: 20_000,
};

/** Real nodes need time of their own to start and to join. */
export const realPace: Pace = { ...fullPace, downMs: 1_000, startMs: 8_000, afterOutageMs: 14_000 };

export const quickPace: Pace = {
  warmUpMs: 1_000,
  healthyMs: 2_000,
  outageMs: 6_000,
  grayMs: 7_000,
  coldMs: 7_000,
  downMs: 2_000,
  betweenMs: 1_000,
  startMs: 300,
  afterOutageMs: 4_000,
  afterGrayMs: 4_000,
};
