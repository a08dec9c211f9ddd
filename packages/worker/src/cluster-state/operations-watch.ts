import type { Timers } from "@rollcall/core";
import {
  type Drain,
  drainOf,
  type Mark,
  type Marks,
  type NodeRecord,
  operationsEndMs,
  operationsInForce,
} from "@rollcall/core/view";

/** No timer of Node runs longer. */
const timerMaxMs = 2 ** 31 - 1;

/**
 * What operators have asked for, as this process obeys it: the drains and the pause of the last view that are not over
 * by the store's clock. So they end in time even where no leader publishes any more.
 */
export class OperationsWatch {
  private marks: Pick<Marks, "drains" | "pause"> = {};
  private inForce = operationsInForce({}, 0);
  private cancel = () => {};

  /** @param ended called when time has ended one of them: the nodes are to be marked again */
  constructor(
    private readonly timers: Timers,
    private readonly storeNowMs: () => number,
    private readonly ended: () => void,
  ) {}

  /** To be called before the nodes are marked. */
  refresh(marks: Pick<Marks, "drains" | "pause"> | undefined): void {
    this.marks = marks ?? {};
    const nowMs = this.storeNowMs();
    this.inForce = operationsInForce(this.marks, nowMs);
    this.cancel();
    const waitMs = operationsEndMs(this.inForce) - nowMs;
    if (waitMs !== Number.POSITIVE_INFINITY) this.cancel = this.timers.after(Math.min(waitMs, timerMaxMs), this.ended);
  }

  drainOf(node: NodeRecord): Drain | undefined {
    return drainOf(this.inForce.drains, node);
  }

  /** The mark to go by: during a pause, a down mark is none. */
  markOf(mark: Mark | undefined): Mark | undefined {
    return mark?.kind === "down" && this.inForce.pause !== undefined ? undefined : mark;
  }

  close(): void {
    this.cancel();
  }
}
