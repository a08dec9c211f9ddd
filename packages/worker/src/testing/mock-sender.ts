import { type Attempt, RollcallError, type WireError } from "@rollcall/core";
import type { AnswerReader, AnswerSource } from "../dispatch/answer-stream.js";
import { isBodySource, type SentBody } from "../dispatch/body-source.js";
import type { CancelCode, PendingRequest, PreparedRequest, RequestOwner, Sender } from "../dispatch/sender.js";
import type { DeclaredAnswers } from "./declared-answers.js";
import { type SimulatedAnswer, type SimulatedFailure, simulatedAnswer } from "./mock-answer.js";
import type { MockNode, MockNodes } from "./mock-nodes.js";
import { type MockRequest, mockRequest } from "./mock-request.js";

export interface MockSenderOptions {
  readonly answers: DeclaredAnswers;
  readonly nodes: MockNodes;
  /** Those of the pool's options. */
  readonly headers: Readonly<Record<string, string>>;
  readonly nowMs: () => number;
  readonly record: (request: MockRequest) => void;
}

/** Takes the place of the dispatches: each request gets what is declared for it, in one attempt. */
export class MockSender implements Sender {
  readonly isUp = true;
  private readonly pending = new Set<MockAttempt>();

  constructor(private readonly options: MockSenderOptions) {}

  start(request: PreparedRequest, owner: RequestOwner): PendingRequest {
    const { nodes } = this.options;
    const named = request.settings?.node;
    const node = named === undefined ? nodes.answering : nodes.byName(named);
    if (typeof node === "string") {
      owner.settle({ kind: "failed", error: { code: "NO_NODE", message: node, sent: "no", attempts: [] } });
      return { cancel: () => {} };
    }
    const attempt = new MockAttempt(request, node, this.options, owner);
    this.pending.add(attempt);
    void attempt.run().finally(() => this.pending.delete(attempt));
    return attempt;
  }

  apply(): void {}
  pump(): void {}
  reroute(): void {}

  stats(): { readonly queued: number } {
    return { queued: 0 };
  }

  async destroy(): Promise<void> {
    for (const attempt of [...this.pending]) attempt.cancel("CLOSED", "the pool was closed before an answer had come");
  }
}

class MockAttempt implements PendingRequest {
  private isSettled = false;
  private readonly startedAtMs: number;

  constructor(
    private readonly request: PreparedRequest,
    private readonly node: MockNode,
    private readonly options: MockSenderOptions,
    private readonly owner: RequestOwner,
  ) {
    this.startedAtMs = options.nowMs();
  }

  /** Never rejects. */
  async run(): Promise<void> {
    const { traffic } = this.node;
    traffic.requests++;
    traffic.inFlight++;
    try {
      this.end(simulatedAnswer(await this.answer()));
    } catch (error) {
      // Of the test's own function, of its answer, or of a stream that is the request's body.
      const failure = error instanceof RollcallError ? error : ownFailure(error);
      this.fail(failure.toWire());
    }
  }

  cancel(code: CancelCode, message: string): void {
    this.fail({ code, message, sent: "maybe", attempts: [this.attemptAs(code)] });
  }

  private async answer() {
    const { answers, headers, record } = this.options;
    const timeoutMs = this.request.deadlineMs - this.startedAtMs;
    const request = mockRequest(this.request, await collected(this.request.body), headers, timeoutMs);
    record(request);
    return answers.answer(request);
  }

  private end(answer: SimulatedAnswer): void {
    const { failure, body, status, rawHeaders } = answer;
    const { answerWindowBytes: windowBytes } = this.request;
    const isStreamed = windowBytes > 0 && (failure === undefined || failure.isInBody);
    if (failure !== undefined && !isStreamed) return this.fail(this.errorOf(failure));
    const { address, url, traffic } = this.node;
    if (!this.markSettled()) return;
    traffic.answers++;
    if (status === 429 || status >= 500) traffic.errorStatuses++;
    const common = { status, rawHeaders, node: address, nodeUrl: url, attempts: [this.attemptAs(String(status))] };
    if (windowBytes === 0) return this.owner.settle({ kind: "answered", ...common, body });
    const error = failure === undefined ? undefined : this.errorOf(failure);
    this.owner.streaming?.({ ...common, windowBytes, source: new MockAnswerSource(body, error) });
  }

  private fail(error: WireError): void {
    if (!this.markSettled()) return;
    this.node.traffic.failures++;
    this.owner.settle({ kind: "failed", error });
  }

  private errorOf({ code, sent }: SimulatedFailure): WireError {
    return { code, message: `the mock's answer is ${code}`, sent, attempts: [this.attemptAs(code)] };
  }

  private attemptAs(code: string): Attempt {
    return { node: this.node.address, code, ms: Math.round(this.options.nowMs() - this.startedAtMs) };
  }

  private markSettled(): boolean {
    if (this.isSettled) return false;
    this.isSettled = true;
    this.node.traffic.inFlight--;
    return true;
  }
}

/** The whole body, piece after piece, however far its reader is. */
class MockAnswerSource implements AnswerSource {
  private reader: AnswerReader | undefined;

  constructor(
    private readonly body: Buffer,
    private readonly error: WireError | undefined,
  ) {}

  open(reader: AnswerReader): void {
    this.reader = reader;
    // The request settles meanwhile.
    queueMicrotask(() => this.deliver());
  }

  read(): void {}

  drop(): void {
    this.reader = undefined;
  }

  private deliver(): void {
    for (let at = 0; at < this.body.length; at += pieceBytes) {
      this.reader?.piece(this.body.subarray(at, at + pieceBytes));
    }
    const { error, body } = this;
    if (error === undefined) this.reader?.end();
    else this.reader?.broken({ ...error, receivedBytes: body.length });
  }
}

const pieceBytes = 65_536;

async function collected(body: SentBody): Promise<string | Uint8Array | undefined> {
  if (!isBodySource(body)) return body;
  const pieces: Uint8Array[] = [];
  for (;;) {
    const piece = await body.next();
    if (piece === undefined) return Buffer.concat(pieces);
    pieces.push(piece);
  }
}

function ownFailure(error: unknown): RollcallError {
  const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return new RollcallError("CONFIG", `what the test declared, or the request's body, threw ${what}`, { cause: error });
}
