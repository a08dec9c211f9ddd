import { RollcallError } from "@rollcall/core";
import type { Deadlines, Due } from "./deadlines.js";
import type { Pending, Result, Sender } from "./dispatch/sender.js";
import { type CallDefaults, type PoolRequest, type PreparedCall, prepareCall } from "./prepare-call.js";
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

  async request<T>(request: PoolRequest): Promise<PoolResponse<T>> {
    const prepared = prepareCall(request, this.options.defaults, this.options.nowMs());
    const { signal } = request;
    if (signal?.aborted === true)
      throw new RollcallError("ABORTED", "the caller's signal had fired before the request began");

    this.options.count("requests");
    const result = await this.send(prepared, signal);
    if (result.kind === "answered") return new ReceivedResponse<T>(result);
    // Made here and not where it was found out: here the stack shows who asked.
    throw RollcallError.fromWire(result.error);
  }

  private send({ call, timeoutMs }: PreparedCall, signal: AbortSignal | undefined): Promise<Result> {
    const { sender, deadlines, count } = this.options;
    return new Promise((resolve) => {
      const due = new CallDue(call.deadlineMs, timeoutMs);
      const onAbort =
        signal === undefined ? undefined : () => due.pending?.cancel("ABORTED", "the caller's signal fired");
      if (onAbort !== undefined) signal?.addEventListener("abort", onAbort, { once: true });
      deadlines.add(due);
      due.pending = sender.start(call, (result) => {
        deadlines.remove(due);
        if (onAbort !== undefined) signal?.removeEventListener("abort", onAbort);
        count(result.kind);
        resolve(result);
      });
    });
  }
}

/** A call's own deadline. */
class CallDue implements Due {
  place = -1;
  pending: Pending | undefined;

  constructor(
    readonly dueMs: number,
    private readonly timeoutMs: number,
  ) {}

  expire(): void {
    this.pending?.cancel("TIMEOUT", `no answer within ${this.timeoutMs} ms`);
  }
}
