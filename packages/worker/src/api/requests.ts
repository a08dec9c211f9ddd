import { AsyncLocalStorage } from "node:async_hooks";
import { RollcallError, type RollcallErrorCode } from "@rollcall/core";
import { ownThreadWindowBytes } from "@rollcall/core/request";
import { withMissing } from "../dispatch/header-list.js";
import type {
  PendingRequest,
  PreparedRequest,
  RequestOwner,
  Result,
  Sender,
  StreamingAnswer,
} from "../dispatch/sender.js";
import type { CountedEvent } from "../table/layout.js";
import { type Abortable, addAbortable, removeAbortable, type SignalLike } from "./abort-listeners.js";
import { openBody } from "./body-flow.js";
import type { Deadlines, Due } from "./deadlines.js";
import type { PoolRequest } from "./pool-request.js";
import { prepareRequest, type RequestDefaults } from "./prepare-request.js";
import { failure } from "./request-failure.js";
import { noIds, type RequestIds, requestIds } from "./request-ids.js";
import { RequestStream } from "./request-stream.js";
import type { RequestTrace, RequestTracer } from "./request-tracer.js";
import { type PoolResponse, ReceivedResponse } from "./response.js";
import { type AnswerFacts, answeredRequest, failedRequest, type SettledRequest } from "./settled-request.js";
import { ReceivedStreamResponse, type StreamResponse } from "./stream-response.js";

export interface RequestsOptions {
  readonly sender: Pick<Sender, "start">;
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
  private tracer: RequestTracer | undefined;

  constructor(private readonly options: RequestsOptions) {}

  /** As {@link TraceablePool} has it. */
  trace(tracer: RequestTracer): () => void {
    if (this.tracer !== undefined) throw new RollcallError("CONFIG", "the pool's requests are traced already");
    this.tracer = tracer;
    return () => {
      if (this.tracer === tracer) this.tracer = undefined;
    };
  }

  request<T>(request: PoolRequest, defaults = this.options.defaults): Promise<PoolResponse<T>> {
    return new Promise((resolve) => {
      const { nowMs } = this.options;
      const startedAtMs = nowMs();
      const prepared = prepareRequest(request, defaults, startedAtMs);
      const { signal } = request;
      throwIfAborted(signal);
      // Without a function that would be made for every request.
      if (!hasOwnSecrets(prepared, defaults)) return this.begin<T>(prepared, startedAtMs, signal, resolve);
      this.beginProtected<T>(prepared, startedAtMs, signal, resolve);
    });
  }

  private beginProtected<T>(
    prepared: PreparedRequest,
    startedAtMs: number,
    signal: SignalLike | undefined,
    resolve: Settle<PoolResponse<T>>,
  ): void {
    this.whenProtected(true, signal, resolve, (settle) => this.begin<T>(prepared, startedAtMs, signal, settle));
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
    const begun = new BegunRequest<T>(prepared, startedAtMs, signal, this, settle);
    this.beginDeadline(begun);
    const { trace, request, ids } = this.traced(prepared);
    begun.trace = trace;
    begun.ids = ids;
    if (trace === undefined) begun.pending = this.options.sender.start(request, begun);
    else this.startTraced(begun, request, trace);
  }

  /** A function of its own: `begin` would make what only a traced request needs. */
  private startTraced<T>(begun: BegunRequest<T>, request: PreparedRequest, trace: RequestTrace): void {
    trace.run(() => {
      begun.pending = this.options.sender.start(request, begun);
    });
  }

  /** What the caller of a request gets. */
  resultOf<T>(result: Result, begun: BegunRequest<T>): PoolResponse<T> | Promise<PoolResponse<T>> {
    const { prepared, startedAtMs, signal, trace, ids } = begun;
    this.endDeadline(begun);
    stopBody(prepared);
    this.options.count(result.kind === "answered" ? "answered" : result.error.code);
    if (this.isObserved(trace)) this.settled(trace, prepared, result, this.options.nowMs() - startedAtMs);
    if (result.kind === "answered") return new ReceivedResponse<T>(result, ids);
    return failure({ ...result.error, ...ids }, signal, prepared);
  }

  /** The request as it is sent, and what its errors show of it. */
  private traced(prepared: PreparedRequest): Traced {
    const trace = this.tracer?.begin(prepared);
    if (trace === undefined) return { trace, request: prepared, ids: requestIds(prepared.headers, undefined) };
    const headers = withMissing(prepared.headers, trace.headers);
    return { trace, request: { ...prepared, headers }, ids: requestIds(headers, trace.traceId) };
  }

  /** Otherwise, nothing need be made of how a request has ended. */
  private isObserved(trace: RequestTrace | undefined): boolean {
    return trace !== undefined || this.options.observer?.wantsSettled === true;
  }

  private settled(
    trace: RequestTrace | undefined,
    { class: requestClass }: PreparedRequest,
    result: Result,
    tookMs: number,
  ): void {
    if (result.kind === "failed") this.report(trace, failedRequest(requestClass, result.error, tookMs), undefined);
    else this.report(trace, answeredRequest(requestClass, result, tookMs), result.nodeUrl);
  }

  private report(trace: RequestTrace | undefined, settled: SettledRequest, nodeUrl: string | undefined): void {
    const { observer } = this.options;
    if (observer?.wantsSettled === true) observer.emitSettled(settled);
    trace?.ended(settled, nodeUrl);
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
    const { sender, deadlines, nowMs, count } = this.options;
    const timeoutMs = prepared.deadlineMs - startedAtMs;
    const deadline = new TimedRequest(prepared, startedAtMs, signal);
    this.beginDeadline(deadline);
    const { trace, request, ids } = this.traced(prepared);
    const context = AsyncLocalStorage.snapshot();
    const settled = (result: Result) => {
      this.endDeadline(deadline);
      if (result.kind === "answered") throw new Error("an answer was collected that is to stream");
      stopBody(prepared);
      count(result.error.code);
      if (this.isObserved(trace)) this.settled(trace, prepared, result, nowMs() - startedAtMs);
      settle(failure({ ...result.error, ...ids }, signal, prepared));
    };
    const streaming = (answer: StreamingAnswer) => {
      this.endDeadline(deadline);
      const { status, node, nodeUrl, attempts } = answer;
      const ended = this.whenEnded(trace, prepared, { status, node, nodeUrl, attempts }, nowMs() - startedAtMs);
      const body = openBody(answer, { timeoutMs, signal, deadlines, nowMs, ids, ended }, context);
      settle(new ReceivedStreamResponse(answer, body));
    };
    const start = () => {
      deadline.pending = sender.start(request, { settle: settled, streaming });
    };
    if (trace === undefined) start();
    else trace.run(start);
  }

  /** Not within {@link beginStream}: it would refer to the caller's promise, and so keep the body from collection. */
  private whenEnded(
    trace: RequestTrace | undefined,
    prepared: PreparedRequest,
    answer: AnswerFacts,
    headersMs: number,
  ): (outcome: "answered" | RollcallErrorCode) => void {
    return (outcome) => {
      stopBody(prepared);
      this.options.count(outcome);
      if (!this.isObserved(trace)) return;
      this.report(trace, answeredRequest(prepared.class, answer, headersMs, outcome), answer.nodeUrl);
    };
  }

  private beginDeadline(begun: TimedRequest): void {
    if (begun.signal !== undefined) addAbortable(begun.signal, begun);
    this.options.count("requests");
    this.options.deadlines.add(begun);
  }

  private endDeadline(begun: TimedRequest): void {
    this.options.deadlines.remove(begun);
    if (begun.signal !== undefined) removeAbortable(begun.signal, begun);
  }
}

function hasOwnSecrets({ settings }: PreparedRequest, { own }: RequestDefaults): boolean {
  return settings?.hasOwnAuth === true || own?.hasSecrets === true;
}

interface Traced {
  readonly trace: RequestTrace | undefined;
  readonly request: PreparedRequest;
  readonly ids: RequestIds;
}

type Settle<Response> = (response: Response | Promise<Response>) => void;

function throwIfAborted(signal: SignalLike | undefined): void {
  if (signal?.aborted !== true) return;
  const { reason } = signal;
  throw new RollcallError("ABORTED", "the caller's signal had fired before the request began", { cause: reason });
}

/** What is left of a body that streams is not wanted any more. */
function stopBody({ body }: PreparedRequest): void {
  if (body instanceof RequestStream) body.stop();
}

/** A request on its way. It ends when its time is over, or its caller's signal fires. */
class TimedRequest implements Due, Abortable {
  place = -1;
  pending: PendingRequest | undefined;

  constructor(
    readonly prepared: PreparedRequest,
    readonly startedAtMs: number,
    readonly signal: SignalLike | undefined,
  ) {}

  get dueMs(): number {
    return this.prepared.deadlineMs;
  }

  abort(): void {
    this.pending?.cancel("ABORTED", "the caller's signal fired");
  }

  expire(): void {
    const timeoutMs = this.dueMs - this.startedAtMs;
    this.pending?.cancel("TIMEOUT", `no answer within ${Math.round(timeoutMs)} ms`);
  }
}

/** One that is answered at once, with all that is kept for its caller: thousands may wait. */
class BegunRequest<T> extends TimedRequest implements RequestOwner {
  trace: RequestTrace | undefined;
  ids: RequestIds = noIds;

  constructor(
    prepared: PreparedRequest,
    startedAtMs: number,
    signal: SignalLike | undefined,
    private readonly requests: Requests,
    private readonly resolve: Settle<PoolResponse<T>>,
  ) {
    super(prepared, startedAtMs, signal);
  }

  settle(result: Result): void {
    this.resolve(this.requests.resultOf<T>(result, this));
  }
}
