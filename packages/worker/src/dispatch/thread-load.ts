import type { Timers } from "@rollcall/core";
import { LoadControl, type Refusal } from "@rollcall/core/overload";
import type { TableReader } from "../table/reader.js";

export interface ThreadLoadOptions {
  readonly reader: TableReader;
  readonly timers: Timers;
  /** How many requests may wait for a connection, those that name their node included. */
  readonly queueMax: number;
  readonly perNode: number;
  /** The pool's `timeoutMs`, by which an adaptive queue measures. Undefined: the queue is not adaptive. */
  readonly adaptiveTimeoutMs?: number | undefined;
}

/** A request is refused: why, and what its error says. */
export interface RefusedArrival {
  readonly refusal: Refusal;
  readonly message: string;
}

/** The load of one thread: how many attempts may be in flight, and which requests may not wait. */
export class ThreadLoad {
  private readonly control: LoadControl | undefined;
  /** Attempts whose answer streams: how long that takes is the reader's, so they take no room. */
  private streaming = 0;

  constructor(private readonly options: ThreadLoadOptions) {
    const { timers, queueMax: perThread, perNode, adaptiveTimeoutMs: timeoutMs } = options;
    if (timeoutMs !== undefined) this.control = new LoadControl({ timeoutMs, perThread, perNode }, timers.nowMs());
  }

  get isAdaptive(): boolean {
    return this.control !== undefined;
  }

  /** One more attempt may begin where so many requests wait, as far as the limit goes; its node must have room, too. */
  hasRoom(waiting: number): boolean {
    return this.control === undefined || this.control.hasRoom(this.inFlight, waiting, this.options.reader.nodesInUse);
  }

  /** A request has come. */
  arrived(): void {
    this.control?.arrived();
  }

  begun(): void {
    this.control?.begun(this.inFlight);
  }

  /** A node has answered 429, or with its answer. Without a time where that says nothing about the node. */
  answered(status: number, tookMs: number | undefined, nowMs: number): void {
    if (status === 429) this.control?.refusedByNode(nowMs);
    else this.control?.answered(tookMs, this.inFlight, nowMs);
  }

  timedOut(tookMs: number, nowMs: number): void {
    this.control?.timedOut(tookMs, this.inFlight, nowMs);
  }

  /** The headers of an answer that streams have come (1), or it has ended (-1). */
  streams(change: 1 | -1): void {
    this.streaming += change;
  }

  /** From now on requests wait here, or none does. */
  waits(isWaiting: boolean): void {
    this.control?.waits(isWaiting, this.options.timers.nowMs());
  }

  /** For a request that would have to wait behind so many others; undefined: it may. */
  refusalOf(ahead: number, deadlineMs: number, nowMs: number): RefusedArrival | undefined {
    const { queueMax } = this.options;
    const full = "as many as may (`queue.perThread`)";
    if (this.control === undefined) {
      if (ahead < queueMax) return undefined;
      return { refusal: "full", message: `${ahead} requests wait, ${full}; nothing was sent` };
    }
    const leftMs = deadlineMs - nowMs;
    const refusal = this.control.refusalOf(ahead, leftMs, this.inFlight, nowMs);
    if (refusal === undefined) return undefined;
    const waitMs = Math.round(this.control.expectedWaitMs(ahead, this.inFlight));
    const why = {
      full,
      late: `and this one has ${Math.max(0, Math.round(leftMs))} ms`,
      standing: "and more come than are answered",
    } as const;
    return { refusal, message: `${ahead} requests wait, about ${waitMs} ms, ${why[refusal]}; nothing was sent` };
  }

  /** Shows main the state of the load. */
  show(waiting: number): void {
    const { reader, timers } = this.options;
    if (this.control === undefined) return;
    const { inFlightMax, debtMs, expectedWaitMs } = this.control.figures(waiting, this.inFlight, timers.nowMs());
    reader.show("inFlightMax", inFlightMax);
    reader.show("debtMs", Math.round(debtMs));
    reader.show("expectedWaitMs", Math.round(expectedWaitMs));
  }

  private get inFlight(): number {
    return this.options.reader.inFlightInAll - this.streaming;
  }
}
