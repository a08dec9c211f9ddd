import { RollcallError, type WireError } from "@rollcall/core";
import type { PendingRequest, PreparedRequest, Sender } from "../dispatch/sender.js";
import type { CountedEvent } from "../table/layout.js";
import { type Abortable, addAbortable, removeAbortable, type SignalLike } from "./abort-listeners.js";
import type { Deadlines, Due } from "./deadlines.js";
import type { PoolRequest } from "./pool-request.js";
import { prepareRequest, type RequestDefaults } from "./prepare-request.js";
import { type PoolResponse, ReceivedResponse } from "./response.js";

export interface RequestsOptions {
  readonly sender: Sender;
  readonly deadlines: Deadlines;
  readonly defaults: RequestDefaults;
  readonly nowMs: () => number;
  /** Called before a request with a credential of its own is sent; where it returns a promise, that is waited for. */
  readonly protect: () => Promise<void> | void;
  readonly count: (what: CountedEvent) => void;
}

/**
 * The requests that one thread's code makes: checks them, keeps their deadlines and signals, makes errors of failures.
 */
export class Requests {
  constructor(private readonly options: RequestsOptions) {}

  request<T>(request: PoolRequest): Promise<PoolResponse<T>> {
    return new Promise((resolve) => {
      const { defaults, nowMs, protect } = this.options;
      const startedAtMs = nowMs();
      const prepared = prepareRequest(request, defaults, startedAtMs);
      const { signal } = request;
      throwIfAborted(signal);
      const isProtected = prepared.settings?.hasOwnAuth === true ? protect() : undefined;
      if (!(isProtected instanceof Promise)) this.begin(prepared, startedAtMs, signal, resolve);
      else
        resolve(
          isProtected.then(() => {
            throwIfAborted(signal);
            return new Promise((settle) => this.begin<T>(prepared, startedAtMs, signal, settle));
          }),
        );
    });
  }

  private begin<T>(
    prepared: PreparedRequest,
    startedAtMs: number,
    signal: SignalLike | undefined,
    settle: (response: PoolResponse<T> | Promise<never>) => void,
  ): void {
    const { sender, deadlines, count } = this.options;
    const deadline = new RequestDeadline(prepared.deadlineMs, prepared.deadlineMs - startedAtMs);
    if (signal !== undefined) addAbortable(signal, deadline);
    count("requests");
    deadlines.add(deadline);
    deadline.pending = sender.start(prepared, (result) => {
      deadlines.remove(deadline);
      if (signal !== undefined) removeAbortable(signal, deadline);
      count(result.kind === "answered" ? "answered" : result.error.code);
      settle(result.kind === "answered" ? new ReceivedResponse<T>(result) : failure(result.error, signal));
    });
  }
}

function throwIfAborted(signal: SignalLike | undefined): void {
  if (signal?.aborted !== true) return;
  const { reason } = signal;
  throw new RollcallError("ABORTED", "the caller's signal had fired before the request began", { cause: reason });
}

/**
 * Rejects with the error that the failure describes; its cause is the signal's reason, where the signal fired.
 *
 * The two awaits are not idle: V8 adds the frames of `await` to the stack of an error only if, when it is made, the
 * caller's promise already follows this one. That takes two turns. `requests.test.ts` holds it.
 */
async function failure(error: WireError, signal: SignalLike | undefined): Promise<never> {
  await undefined;
  await undefined;
  if (error.code !== "ABORTED") throw RollcallError.fromWire(error);
  const { code, message, ...details } = error;
  throw new RollcallError(code, message, { ...details, cause: signal?.reason });
}

/** Ends a request when its time is over, or its caller's signal fires. */
class RequestDeadline implements Due, Abortable {
  place = -1;
  pending: PendingRequest | undefined;

  constructor(
    readonly dueMs: number,
    private readonly timeoutMs: number,
  ) {}

  abort(): void {
    this.pending?.cancel("ABORTED", "the caller's signal fired");
  }

  expire(): void {
    this.pending?.cancel("TIMEOUT", `no answer within ${Math.round(this.timeoutMs)} ms`);
  }
}
