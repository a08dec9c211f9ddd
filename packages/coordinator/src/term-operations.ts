import { type Logger, ReducerRunner, type Timers, type Unsubscribe } from "@rollcall/core";
import {
  noOperations,
  type OperableNode,
  type Operations,
  type OperationsEffect,
  type OperationsEvent,
  operationsReducer,
} from "@rollcall/core/operations";
import type { Marks, OperationRequest, OperationsInForce, Version } from "@rollcall/core/view";
import type { HistoryRecorder } from "./history-recorder.js";
import { recordOperation } from "./operation-log.js";
import { RateLimiter } from "./store/rate-limiter.js";
import type { ViewStore } from "./store/view-store.js";

/** More requests of all operators together are dropped: each is repeated by its sender. */
const requestsPerSecond = 20;

export interface TermOperationsParts {
  readonly store: Pick<ViewStore, "onOperation" | "sendOperationResult" | "requestStatus" | "nowMs">;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly history: Pick<HistoryRecorder, "record">;
  readonly owner: OperationsOwner;
}

/** The term that carries operations out. */
export interface OperationsOwner {
  /** All nodes of the view. */
  operableNodes(): readonly OperableNode[];
  /** {@link TermOperations.inForce} has changed, and is to be published. */
  operationsChanged(): void;
  unmark(key: string, reason: string): void;
  /** Resolves with the version of the marks once they are published as they are now; undefined if the term ends before. */
  marksPublished(): Promise<Version | undefined>;
}

/**
 * What operators ask of the leader of one term: core decides, the term publishes, and only then it is answered. A
 * request that the end of the term leaves without an answer is repeated by its sender, and so reaches the next leader.
 */
export class TermOperations {
  private readonly runner: ReducerRunner<Operations, OperationsEvent, OperationsEffect>;
  private readonly rate: RateLimiter;
  private unsubscribe: Unsubscribe = () => {};

  constructor(private readonly parts: TermOperationsParts) {
    const { store, timers } = parts;
    this.rate = new RateLimiter(requestsPerSecond, timers);
    // What is in force ends by the store's clock, which every reader has too.
    const byStoreClock: Timers = { nowMs: () => store.nowMs(), after: (ms, run) => timers.after(ms, run) };
    this.runner = new ReducerRunner(noOperations, operationsReducer, {
      timers: byStoreClock,
      carryOut: (effect) => this.carryOut(effect),
    });
  }

  /** Begins with what the last leader published. */
  start(marks: Pick<Marks, "drains" | "pause"> | undefined): void {
    if (marks !== undefined) this.runner.send({ type: "inherited", marks });
    this.unsubscribe = this.parts.store.onOperation((request) => this.request(request));
  }

  get inForce(): OperationsInForce {
    return this.runner.state;
  }

  close(): void {
    this.unsubscribe();
    this.runner.close();
  }

  private request(request: OperationRequest): void {
    if (!this.rate.tryTake()) return;
    this.runner.send({ type: "requested", request, nodes: this.parts.owner.operableNodes() });
  }

  private carryOut(effect: OperationsEffect): void {
    const { owner, logger, history } = this.parts;
    switch (effect.type) {
      case "changed":
        return owner.operationsChanged();
      case "unmark":
        return owner.unmark(effect.key, effect.reason);
      case "record":
        return recordOperation(logger, history, effect.record);
      case "answer":
        return void this.answer(effect);
    }
  }

  private async answer({ result, record }: Extract<OperationsEffect, { readonly type: "answer" }>): Promise<void> {
    const { store, owner, logger, history } = this.parts;
    const isRefused = result.outcome === "refused";
    const marks = isRefused ? undefined : await owner.marksPublished();
    if (!isRefused && marks === undefined) return;
    if (record !== undefined) recordOperation(logger, history, record);
    store.sendOperationResult(marks === undefined ? result : { ...result, marks });
    // An operator may wait for the last request in flight at a node.
    if (record?.kind === "drain") store.requestStatus();
  }
}
