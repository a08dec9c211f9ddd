import { type Logger, logEvent, present, type Timers } from "@rollcall/core";
import { decideAfterThreadDeath, type RequestClass, RetryBudget } from "@rollcall/core/request";
import { isBodySource } from "../dispatch/body-source.js";
import type { PreparedRequest } from "../dispatch/sender.js";
import { type Cancellations, failed, sentOfRequest } from "./cancellations.js";
import { claim, sentAttempts } from "./claim-word.js";
import type { Lane, LaneRequest } from "./lane.js";

/** A request that goes to another thread, and how many attempts of it the dead one had handed to a socket. */
export interface Survivor {
  readonly request: LaneRequest;
  readonly sentByThread: number;
}

/** Decides what becomes of the requests of threads that die. */
export class ThreadDeaths {
  /** A thread's retry budget dies with it, so main keeps one of its own for the requests of dead threads. */
  private readonly budget: RetryBudget;
  /** The reason that was noted for the last thread that failed. */
  private lastFailure: string | undefined;

  constructor(
    private readonly timers: Timers,
    private readonly logger: Logger,
    private readonly cancellations: Cancellations,
  ) {
    this.budget = new RetryBudget(timers.nowMs());
  }

  countRequest(nowMs: number): void {
    this.budget.countRequest(nowMs);
  }

  /** Why a thread is about to end, or has ended: for the log. */
  noteFailure(reason: string): void {
    this.lastFailure = reason;
  }

  /** Settles the requests of a dead thread that cannot go on. Returns the others. */
  survivorsOf(lane: Lane): readonly Survivor[] {
    const requests = lane.current();
    const survivors = requests.flatMap((request) => this.survivor(lane, request) ?? []);
    // The reason of a death may be noted a little later than the death itself.
    setImmediate(() => this.log(survivors.length, requests.length - survivors.length));
    return survivors;
  }

  private survivor(lane: Lane, request: LaneRequest): Survivor | undefined {
    const { state } = request;
    if (state.kind !== "given" && state.kind !== "cancelling") return undefined;
    const word = lane.claimOf(state.id);
    lane.detach(state.id);
    if (state.kind === "cancelling") {
      this.cancellations.end(request, sentOfRequest(request, word), []);
      return undefined;
    }
    if (word !== claim.queued) request.deaths++;
    const sentByThread = sentAttempts(word);
    const decision = request.hasGivenBody
      ? ({ next: "fail", sent: sentOfRequest(request, word) } as const)
      : this.decide(request, sentByThread);
    if (decision.next === "resend") return { request, sentByThread };
    request.settle(failed("THREAD", "the worker thread that had the request died", decision.sent));
    return undefined;
  }

  private decide({ prepared, deaths }: LaneRequest, sentByThread: number) {
    const sentAttempts = prepared.sentBefore + sentByThread;
    const interrupted = { ...prepared, class: classOf(prepared), sentAttempts, deaths };
    return decideAfterThreadDeath(interrupted, this.timers.nowMs(), this.budget);
  }

  private log(moved: number, lost: number): void {
    const reason = this.lastFailure;
    this.lastFailure = undefined;
    const why = reason === undefined ? "" : ` of an error (${reason})`;
    logEvent(
      this.logger,
      "thread.died",
      present({ moved, lost, reason }),
      `a worker thread died${why}; of its requests, ${moved} were given to other threads and ${lost} failed`,
    );
  }
}

/** What has been read of a body that streams cannot be sent again. */
function classOf({ class: requestClass, body }: PreparedRequest): RequestClass {
  return isBodySource(body) && body.hasBegun ? "never" : requestClass;
}
