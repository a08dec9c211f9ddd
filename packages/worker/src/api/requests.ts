import { RollcallError, type WireError } from "@rollcall/core";
import type { PendingRequest, Sender } from "../dispatch/sender.js";
import type { Deadlines, Due } from "./deadlines.js";
import { type CallDefaults, type PoolRequest, prepareCall } from "./prepare-call.js";
import { type PoolResponse, ReceivedResponse } from "./response.js";

export interface RequestsOptions {
  readonly sender: Sender;
  readonly deadlines: Deadlines;
  readonly defaults: CallDefaults;
  readonly nowMs: () => number;
  /** A request was taken on, or has ended. */
  readonly count: (what: "requests" | "answered" | "failed") => void;
}

/** The requests of one thread's users: checks them, keeps their deadlines and signals, and makes errors of failures. */
export class Requests {
  constructor(private readonly options: RequestsOptions) {}

  request<T>(request: PoolRequest): Promise<PoolResponse<T>> {
    return new Promise((resolve) => {
      const { sender, deadlines, defaults, nowMs, count } = this.options;
      const { call, timeoutMs } = prepareCall(request, defaults, nowMs());
      const { signal } = request;
      if (signal?.aborted === true)
        throw new RollcallError("ABORTED", "the caller's signal had fired before the request began");

      count("requests");
      const due = new CallDue(call.deadlineMs, timeoutMs);
      const onAbort =
        signal === undefined ? undefined : () => due.pending?.cancel("ABORTED", "the caller's signal fired");
      if (onAbort !== undefined) signal?.addEventListener("abort", onAbort, { once: true });
      deadlines.add(due);
      due.pending = sender.start(call, (result) => {
        deadlines.remove(due);
        if (onAbort !== undefined) signal?.removeEventListener("abort", onAbort);
        count(result.kind);
        resolve(result.kind === "answered" ? new ReceivedResponse<T>(result) : failure(result.error));
      });
    });
  }
}

/**
 * Rejects with what came over the wire. The error is made two turns later, when the caller's promise has been tied to
 * this one: then its stack shows who asked.
 */
async function failure(error: WireError): Promise<never> {
  await undefined;
  await undefined;
  throw RollcallError.fromWire(error);
}

/** A call's own deadline. */
class CallDue implements Due {
  place = -1;
  pending: PendingRequest | undefined;

  constructor(
    readonly dueMs: number,
    private readonly timeoutMs: number,
  ) {}

  expire(): void {
    this.pending?.cancel("TIMEOUT", `no answer within ${this.timeoutMs} ms`);
  }
}
