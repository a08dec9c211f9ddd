import type { Steps } from "@rollcall/core";

/** Calls a function in another turn of the event loop. */
export type NextTurn = (run: () => void) => void;

/** So many nodes are worked on in one step. */
export const nodesPerStep = 128;

/** What is to be done: "list" includes "marks". */
export type Work = "list" | "marks";

/**
 * One long work after the other in steps: the first step at once, each other in a turn of its own. What is wanted while one
 * is under way is done after it, once, however often it was wanted: so the newest wins, and none is put off for ever.
 *
 *   idle ── want ──▶ working ── want ──▶ working, and wanted
 *    ▲────── done ──────┘◀────── done ────────┘
 */
export class SteppedWork {
  private wanted: Work | undefined;
  private current: Steps<void> | undefined;
  private isStepping = false;
  private closed = false;

  constructor(
    private readonly begin: (work: Work) => Steps<void>,
    private readonly nextTurn: NextTurn,
  ) {}

  want(work: Work): void {
    if (this.wanted !== "list") this.wanted = work;
    if (this.current === undefined && !this.isStepping) this.step();
  }

  get isWorking(): boolean {
    return this.current !== undefined;
  }

  /** No further step is made. */
  close(): void {
    this.closed = true;
  }

  private step(): void {
    this.isStepping = true;
    try {
      while (!this.closed && this.isStepDone()) if (this.wanted === undefined) return;
    } finally {
      this.isStepping = false;
    }
    if (this.current !== undefined && !this.closed) this.nextTurn(() => this.step());
  }

  /** Makes one step. Whether it was the last of its work. */
  private isStepDone(): boolean {
    const { wanted } = this;
    if (this.current === undefined) {
      if (wanted === undefined) return true;
      this.wanted = undefined;
      this.current = this.begin(wanted);
    }
    let isDone = true;
    try {
      isDone = this.current.next().done === true;
    } finally {
      if (isDone) this.current = undefined;
    }
    return isDone;
  }
}

/** A step for each slice of the list; one that is short has a single slice, and no step ends with it. */
export function* inSlices<Item>(items: readonly Item[], work: (slice: readonly Item[]) => void): Steps<void> {
  for (let from = 0; from < items.length; from += nodesPerStep) {
    if (from > 0) yield;
    work(items.slice(from, from + nodesPerStep));
  }
}
