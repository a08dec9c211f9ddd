import type { RollcallErrorCode, Sent } from "@rollcall/core";
import type { Outcome } from "@rollcall/core/request";
import type { AnswerStream } from "./answer-stream.js";
import type { AttemptHandler } from "./attempt.js";
import { type DispatchedRequest, settled } from "./pending-request.js";
import type { CancelCode, Result } from "./sender.js";
import { SwapRemoveList } from "./swap-remove-list.js";
import { UnreadableContent } from "./unreadable-content.js";

/**
 * The requests that a dispatch has taken on and not settled, and each way in which one ends: with an answer, with the
 * end of an answer that streams, or with an error.
 */
export class UnsettledRequests {
  private readonly requests = new SwapRemoveList<DispatchedRequest<AttemptHandler>>();

  add(request: DispatchedRequest<AttemptHandler>): void {
    this.requests.add(request);
  }

  /** A copy: requests may end while it is read. */
  all(): DispatchedRequest<AttemptHandler>[] {
    return this.requests.toArray();
  }

  /** The attempt's answer is its request's: whole, or as a stream if the request wants one. */
  answer(attempt: AttemptHandler): void {
    const { request, status, rawHeaders, body, pool } = attempt;
    const { attempts } = request;
    if (request.prepared.answerWindowBytes > 0) return this.stream(attempt);
    const { address: node, origin, pathPrefix } = pool.endpoint;
    const nodeUrl = origin + pathPrefix;
    this.settle(request, { kind: "answered", status, rawHeaders, body, node, nodeUrl, attempts });
  }

  /** The attempt whose answer streams has ended: the body is whole, or the stream is broken. */
  streamEnded({ request, error }: AttemptHandler, stream: AnswerStream, outcome: Outcome): void {
    if (request.state.kind !== "streaming") return;
    this.end(request);
    if (outcome.kind === "answered") return stream.end();
    const isBad = outcome.kind === "bad-response";
    const code = isBad ? "BAD_RESPONSE" : "DISCONNECTED";
    const { receivedBytes } = stream;
    const badly = error instanceof UnreadableContent ? error.message : "the answer is cut short, too large or not HTTP";
    const what = isBad ? badly : "the connection was lost";
    const message = `${what}, after ${receivedBytes} bytes of its body`;
    const broken = { code, message, sent: "maybe", attempts: request.attempts, receivedBytes } as const;
    stream.broken(error === undefined ? broken : { ...broken, cause: error.message });
  }

  /** The owner of the request has cancelled it while its answer streams. */
  breakStream(
    request: DispatchedRequest<AttemptHandler>,
    attempt: AttemptHandler,
    code: CancelCode,
    message: string,
  ): void {
    this.end(request);
    const { attempts } = request;
    const receivedBytes = attempt.stream?.receivedBytes ?? 0;
    attempt.stream?.broken({ code, message, sent: "maybe", attempts, receivedBytes });
    attempt.abandon();
  }

  fail(
    request: DispatchedRequest<AttemptHandler>,
    code: RollcallErrorCode,
    message: string,
    sent: Sent,
    cause?: Error,
  ): void {
    const { attempts } = request;
    const error = { code, message, sent, attempts };
    this.settle(request, { kind: "failed", error: cause === undefined ? error : { ...error, cause: cause.message } });
  }

  /** The request stays pending until the body has ended. */
  private stream(attempt: AttemptHandler): void {
    const { request, status, rawHeaders, pool } = attempt;
    request.state = { kind: "streaming", attempt };
    const source = attempt.openStream();
    const { attempts, prepared } = request;
    const windowBytes = prepared.answerWindowBytes;
    const { address: node, origin, pathPrefix } = pool.endpoint;
    request.stream({ status, rawHeaders, node, nodeUrl: origin + pathPrefix, attempts, windowBytes, source });
    // So it is where it was not known at once whose answer it is.
    if (attempt.isWhole) this.streamCollected(attempt, source);
  }

  private streamCollected(attempt: AttemptHandler, stream: AnswerStream): void {
    if (attempt.byteLength > 0) stream.piece(attempt.body);
    if (attempt.request.state.kind !== "streaming") return;
    this.end(attempt.request);
    stream.end();
  }

  private settle(request: DispatchedRequest<AttemptHandler>, result: Result): void {
    this.end(request);
    request.settle(result);
  }

  private end(request: DispatchedRequest<AttemptHandler>): void {
    request.state = settled;
    this.requests.remove(request);
  }
}
