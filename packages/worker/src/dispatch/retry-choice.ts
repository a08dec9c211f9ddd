import type { Random } from "@rollcall/core";
import { type Decision, decide, isTransientRefusal, type Outcome, RetryBudget } from "@rollcall/core/request";
import type { TableReader } from "../table/reader.js";
import type { AttemptHandler } from "./attempt.js";
import { isBodySource } from "./body-source.js";
import type { DispatchedRequest } from "./pending-request.js";
import type { ReroutePlanner } from "./reroute.js";

export interface RetryChoiceOptions {
  readonly reader: TableReader;
  readonly random: Random;
  readonly noNodeWaitMs: number;
  /** This thread's share of the process's retry budget, default 1. */
  readonly budgetShare?: number;
}

/** What follows an attempt. A move to another node is a retry, too: the time of its turn is in `afterMs`. */
type NextStep = Exclude<Decision, { readonly next: "move" }>;

/** Chooses whether a request has a further attempt, and when, within this thread's share of the retry budget. */
export class RetryChoice {
  private readonly budget: RetryBudget;

  constructor(
    private readonly options: RetryChoiceOptions,
    private readonly reroutes: ReroutePlanner,
    nowMs: number,
  ) {
    this.budget = new RetryBudget(nowMs, options.budgetShare);
  }

  /** A request begins. Once a request, not once an attempt. */
  countRequest(nowMs: number): void {
    this.budget.countRequest(nowMs);
  }

  /** What is left of this thread's share of the retry budget. */
  budgetLeft(nowMs: number): number {
    return this.budget.left(nowMs);
  }

  /** For an attempt that has ended, noted in its request, with an outcome that is not final. */
  next(attempt: AttemptHandler, outcome: Outcome, nowMs: number): NextStep {
    const { request, startedAtMs } = attempt;
    const { reader, noNodeWaitMs, random } = this.options;
    reader.refresh();
    const { body, maxRetries, deadlineMs, settings } = request.prepared;
    const untriedNodes = settings?.node === undefined ? reader.untried(request.tried) : 0;
    // What has been read of a source cannot be sent again.
    const isSpent = isBodySource(body) && body.hasBegun;
    const decision = decide(
      {
        ...{ class: isSpent ? "never" : request.prepared.class, maxRetries: isSpent ? 0 : maxRetries },
        ...{ deadlineMs, noNodeWaitMs },
      },
      request.history,
      { outcome, startedAtMs, untriedNodes },
      nowMs,
      this.budget,
      random,
    );
    if (decision.next === "move") {
      const turnMs = this.reroutes.moveAfterMs(request.tried, untriedNodes, nowMs, this.budget);
      // A turn that would come too late is brought forward.
      return { next: "retry", afterMs: Math.min(turnMs, (deadlineMs - nowMs) / 2), history: decision.history };
    }
    // A new round: every node may be tried again.
    if (decision.next === "retry" && untriedNodes === 0) request.tried = [];
    return decision;
  }
}

/** The status is the answer, whatever it says. */
export function isFinal(status: number, { prepared }: DispatchedRequest<AttemptHandler>): boolean {
  return !isTransientRefusal(status) || prepared.settings?.finalStatuses?.includes(status) === true;
}
