import { RollcallError, type RollcallErrorCode, type WireError } from "@rollcall/core";
import { ownThreadWindowBytes } from "@rollcall/core/request";
import type { PendingRequest, PreparedRequest, Result, Sender, StreamingAnswer } from "../dispatch/sender.js";
import type { CountedEvent } from "../table/layout.js";
import { type Abortable, addAbortable, removeAbortable, type SignalLike } from "./abort-listeners.js";
import { openBody } from "./body-flow.js";
import type { Deadlines, Due } from "./deadlines.js";
import type { PoolRequest } from "./pool-request.js";
import { prepareRequest, type RequestDefaults } from "./prepare-request.js";
import { RequestStream } from "./request-stream.js";
import { type PoolResponse, ReceivedResponse } from "./response.js";
import { type AnswerFacts, answeredRequest, failedRequest, type SettledRequest } from "./settled-request.js";
import { ReceivedStreamResponse, type StreamResponse } from "./stream-response.js";

export interface RequestsOptions {
  readonly sender: Sender;
  readonly deadlines: Deadlines;
  readonly defaults: RequestDefaults;
  readonly nowMs: () => number;
  /** Called before a request with a credential of its own is sent; where it returns a promise, that is waited for. */
  readonly protect: () => Promise<void> | void;
  readonly count: (what: CountedEvent) => void;
  /** Receives how each request has settled, while it wants to. Absent in a worker thread. */
  readonly observer?: RequestObserver;
}

/** What {@link PoolEmitter} is to requests. */
export interface RequestObserver {
  readonly wantsSettled: boolean;
  emitSettled(request: SettledRequest): void;
}

/**
 * The requests that one thread's code makes: checks them, keeps their deadlines and signals, makes errors of failures.
 */
export class Requests {
  constructor(private readonly options: RequestsOptions) {}

  request<T>(request: PoolRequest, defaults = this.options.defaults): Promise<PoolResponse<T>> {
    return new Promise((resolve) => {
      const { nowMs } = this.options;
      const startedAtMs = nowMs();
      const prepared = prepareRequest(request, defaults, startedAtMs);
      const { signal } = request;
      throwIfAborted(signal);
      const hasSecrets = hasOwnSecrets(prepared, defaults);
      this.whenProtected(hasSecrets, signal, resolve, (settle) => this.begin<T>(prepared, startedAtMs, signal, settle));
    });
  }

  /** Starts a request, at once or, where it has secrets of its own, once the nodes may all be sent one. */
  private whenProtected<Response>(
    hasSecrets: boolean,
    signal: SignalLike | undefined,
    resolve: Settle<Response>,
    start: (settle: Settle<Response>) => void,
  ): void {
    const isProtected = hasSecrets ? this.options.protect() : undefined;
    if (!(isProtected instanceof Promise)) start(resolve);
    else
      resolve(
        isProtected.then(() => {
          throwIfAborted(signal);
          return new Promise(start);
        }),
      );
  }

  private begin<T>(
    prepared: PreparedRequest,
    startedAtMs: number,
    signal: SignalLike | undefined,
    settle: Settle<PoolResponse<T>>,
  ): void {
    const { sender, count, observer, nowMs } = this.options;
    const deadline = this.beginDeadline(prepared, startedAtMs, signal);
    deadline.pending = sender.start(prepared, (result) => {
      this.endDeadline(deadline, signal);
      stopBody(prepared);
      count(result.kind === "answered" ? "answered" : result.error.code);
      if (observer?.wantsSettled === true) {
        const tookMs = nowMs() - startedAtMs;
        observer.emitSettled(
          result.kind === "answered"
            ? answeredRequest(prepared.class, result, tookMs)
            : failedRequest(prepared.class, result.error, tookMs),
        );
      }
      settle(result.kind === "answered" ? new ReceivedResponse<T>(result) : failure(result.error, signal, prepared));
    });
  }

  /** As `request`, up to the headers of the answer. */
  stream(request: PoolRequest, defaults = this.options.defaults): Promise<StreamResponse> {
    return new Promise((resolve) => {
      const { nowMs } = this.options;
      const startedAtMs = nowMs();
      const prepared = prepareRequest(request, defaults, startedAtMs, ownThreadWindowBytes);
      const { signal } = request;
      throwIfAborted(signal);
      this.whenProtected(hasOwnSecrets(prepared, defaults), signal, resolve, (settle) =>
        this.beginStream(prepared, startedAtMs, signal, settle),
      );
    });
  }

  private beginStream(
    prepared: PreparedRequest,
    startedAtMs: number,
    signal: SignalLike | undefined,
    settle: Settle<StreamResponse>,
  ): void {
    const { sender, deadlines, nowMs, count, observer } = this.options;
    const timeoutMs = prepared.deadlineMs - startedAtMs;
    const deadline = this.beginDeadline(prepared, startedAtMs, signal);
    const failed = (result: Result) => {
      this.endDeadline(deadline, signal);
      if (result.kind === "answered") throw new Error("an answer was collected that is to stream");
      stopBody(prepared);
      count(result.error.code);
      if (observer?.wantsSettled === true) {
        observer.emitSettled(failedRequest(prepared.class, result.error, nowMs() - startedAtMs));
      }
      settle(failure(result.error, signal, prepared));
    };
    const streaming = (answer: StreamingAnswer) => {
      this.endDeadline(deadline, signal);
      const { status, node, attempts } = answer;
      const ended = this.whenEnded(prepared, { status, node, attempts }, nowMs() - startedAtMs);
      const body = openBody(answer, { timeoutMs, signal, deadlines, nowMs, ended });
      settle(new ReceivedStreamResponse(answer, body));
    };
    deadline.pending = sender.start(prepared, failed, undefined, streaming);
  }

  /** Not within {@link beginStream}: it would refer to the caller's promise, and so keep the body from collection. */
  private whenEnded(
    prepared: PreparedRequest,
    answer: AnswerFacts,
    headersMs: number,
  ): (outcome: "answered" | RollcallErrorCode) => void {
    const { count, observer } = this.options;
    return (outcome) => {
      stopBody(prepared);
      count(outcome);
      if (observer?.wantsSettled === true) {
        observer.emitSettled(answeredRequest(prepared.class, answer, headersMs, outcome));
      }
    };
  }

  private beginDeadline(
    { deadlineMs }: PreparedRequest,
    startedAtMs: number,
    signal: SignalLike | undefined,
  ): RequestDeadline {
    const deadline = new RequestDeadline(deadlineMs, deadlineMs - startedAtMs);
    if (signal !== undefined) addAbortable(signal, deadline);
    this.options.count("requests");
    this.options.deadlines.add(deadline);
    return deadline;
  }

  private endDeadline(deadline: RequestDeadline, signal: SignalLike | undefined): void {
    this.options.deadlines.remove(deadline);
    if (signal !== undefined) removeAbortable(signal, deadline);
  }
}

function hasOwnSecrets({ settings }: PreparedRequest, { own }: RequestDefaults): boolean {
  return settings?.hasOwnAuth === true || own?.hasSecrets === true;
}

type Settle<Response> = (response: Response | Promise<Response>) => void;

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
async function failure(error: WireError, signal: SignalLike | undefined, { body }: PreparedRequest): Promise<never> {
  await undefined;
  await undefined;
  if (body instanceof RequestStream) throw bodyFailure(error, signal, body);
  if (error.code !== "ABORTED") throw RollcallError.fromWire(error);
  const { code, message, ...details } = error;
  throw new RollcallError(code, message, { ...details, cause: signal?.reason });
}

/** With how much of the body may have been sent; its cause is what the caller's stream has thrown. */
function bodyFailure(error: WireError, signal: SignalLike | undefined, body: RequestStream): RollcallError {
  const sentBytes = body.takenBytes;
  const { sent, attempts } = error;
  if (body.failure !== undefined) {
    const message = `the stream that is the request's body failed after ${sentBytes} bytes`;
    return new RollcallError("CONFIG", message, { sent, attempts, sentBytes, cause: body.failure });
  }
  if (error.code !== "ABORTED") return RollcallError.fromWire({ ...error, sentBytes });
  return new RollcallError("ABORTED", error.message, { sent, attempts, sentBytes, cause: signal?.reason });
}

/** What is left of a body that streams is not wanted any more. */
function stopBody({ body }: PreparedRequest): void {
  if (body instanceof RequestStream) body.stop();
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
