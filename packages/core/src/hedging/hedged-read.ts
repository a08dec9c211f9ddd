import type { AnswerTimes } from "./answer-times.js";
import type { DueLink, DueList } from "./due-list.js";
import { alone, type Race } from "./race.js";

/** What the rule reads of an attempt. */
export interface RacingAttempt {
  /** The slot of its node. */
  readonly slot: number;
  readonly startedAtMs: number;
  /** A byte of its answer has come. */
  readonly firstByteSeen: boolean;
}

/** Why a hedge that was due was not sent: its cost was not covered, or no node suited. */
export type HedgeRefusal = "balance" | "noNode";

/** An attempt of a Read that may get a hedge, and what has come of that. Only `Hedging` writes it. */
export class HedgedRead<Attempt extends RacingAttempt> implements DueLink<HedgedRead<Attempt>> {
  before: HedgedRead<Attempt> | undefined;
  after: HedgedRead<Attempt> | undefined;
  /** The list that it waits in. */
  list: DueList<HedgedRead<Attempt>> | undefined;
  dueMs: number;
  race: Race = alone;
  hedge: Attempt | undefined;
  /** A hedge was due and was refused: counted once. */
  wasRefused = false;
  /** It was due at a node that had sent no byte since it began: counted once. */
  wasSilent = false;

  constructor(
    readonly first: Attempt,
    /** The slots that its request was sent to before. */
    readonly tried: readonly number[],
    readonly deadlineMs: number,
    readonly times: AnswerTimes,
    /** How long a hedge waits. */
    readonly delayMs: number,
  ) {
    this.dueMs = first.startedAtMs + delayMs;
  }
}
