import { RollcallError, type RollcallErrorCode, type WireError } from "@rollcall/core";
import { nextReceiveWindow, type ReceiveWindow, receiveWindow } from "@rollcall/core/request";
import type { AnswerReader } from "../dispatch/answer-stream.js";
import type { CallerContext } from "../dispatch/caller-context.js";
import type { StreamingAnswer } from "../dispatch/sender.js";
import { type Abortable, addAbortable, removeAbortable, type SignalLike } from "./abort-listeners.js";
import { AnswerBody, type BodySupply } from "./answer-body.js";
import type { Deadlines, Due } from "./deadlines.js";
import type { RequestIds } from "./request-ids.js";

export interface BodyFlowOptions {
  /** The longest time between two pieces while more may come. */
  readonly timeoutMs: number;
  readonly signal: SignalLike | undefined;
  readonly deadlines: Pick<Deadlines, "add" | "remove">;
  readonly nowMs: () => number;
  /** What its errors show of the request. */
  readonly ids: RequestIds;
  /**
   * Called once, when the node's part is over: the whole body has come or no more of it is wanted ("answered"), or the
   * code of the error that ends it.
   */
  readonly ended: (outcome: "answered" | RollcallErrorCode) => void;
}

/** Releases the sources of bodies that no code refers to any more. */
const collected = new FinalizationRegistry<BodyFlow>((flow) => flow.release());

/** Opens the source of a streamed answer, and returns its body, whose events are emitted in `context`. */
export function openBody(answer: StreamingAnswer, options: BodyFlowOptions, context: CallerContext): AnswerBody {
  const flow = new BodyFlow(answer, options);
  const body = new AnswerBody(flow, context);
  collected.register(body, flow, flow);
  flow.start(body);
  return body;
}

/**
 * What stands between the source of a streamed answer and its body:
 *
 *   receiving ──end, or broken──▶ ended ──the pieces left are read──▶ released
 *       └────────── destroyed, collected, aborted, out of time ──────────▲
 *
 * While more may come, its time is limited, and it keeps its body. While the window is full it does neither: then the
 * answer waits for its reader, and a body that no code refers to is collected, which releases the source.
 */
class BodyFlow implements AnswerReader, BodySupply, Due, Abortable {
  place = -1;
  dueMs = Number.POSITIVE_INFINITY;
  private state: "receiving" | "ended" | "released" = "receiving";
  private error: RollcallError | undefined;
  private window: ReceiveWindow;
  private readonly pieces: Buffer[] = [];
  private receivedBytes = 0;
  /** The body has asked for a piece and got none. */
  private isWanted = false;
  private handOutIsPlanned = false;
  /** Present while its time runs. */
  private kept: AnswerBody | undefined;
  private body: WeakRef<AnswerBody> | undefined;

  constructor(
    private readonly answer: StreamingAnswer,
    private readonly options: BodyFlowOptions,
  ) {
    this.window = receiveWindow(answer.windowBytes);
  }

  start(body: AnswerBody): void {
    this.body = new WeakRef(body);
    this.answer.source.open(this);
    if (this.options.signal !== undefined) addAbortable(this.options.signal, this);
    this.runTime(body);
  }

  piece(bytes: Buffer): void {
    this.receivedBytes += bytes.length;
    this.pieces.push(bytes);
    this.dueMs = this.options.nowMs() + this.options.timeoutMs;
    this.change("received", bytes.length);
    this.handOutSoon();
  }

  end(): void {
    this.sourceEnded("answered");
    this.handOutSoon();
  }

  broken(error: WireError): void {
    const { attempts } = this.answer;
    this.error = RollcallError.fromWire({ ...error, attempts, ...this.options.ids });
    this.sourceEnded(error.code);
    this.handOutSoon();
  }

  pull(): void {
    this.isWanted = true;
    // Not at once: Node copies two pieces that it has at the same time into one.
    this.handOutSoon();
  }

  release(): void {
    if (this.state === "released") return;
    if (this.state === "receiving") {
      this.answer.source.drop();
      this.sourceEnded("answered");
    }
    this.state = "released";
    this.pieces.length = 0;
    if (this.options.signal !== undefined) removeAbortable(this.options.signal, this);
    collected.unregister(this);
  }

  abort(): void {
    this.giveUp("ABORTED", "the caller's signal fired", this.options.signal?.reason);
  }

  expire(): void {
    const { timeoutMs } = this.options;
    this.giveUp("TIMEOUT", `no byte of the answer's body within ${Math.round(timeoutMs)} ms`);
  }

  private giveUp(code: "ABORTED" | "TIMEOUT", what: string, cause?: unknown): void {
    const body = this.body?.deref();
    if (this.state === "receiving") {
      this.answer.source.drop();
      this.sourceEnded(code);
    }
    const { receivedBytes } = this;
    const { attempts } = this.answer;
    const message = `${what}; ${receivedBytes} bytes of the body had come`;
    const details = { sent: "maybe", attempts, receivedBytes, cause, ...this.options.ids } as const;
    body?.inContext(() => body.destroy(new RollcallError(code, message, details)));
  }

  private sourceEnded(outcome: "answered" | RollcallErrorCode): void {
    this.state = "ended";
    this.stopTime();
    this.options.ended(outcome);
  }

  /** Not at once: an error of the reader's own code must not end what the caller of this is about to do. */
  private handOutSoon(): void {
    if (!this.isWanted || this.handOutIsPlanned) return;
    this.handOutIsPlanned = true;
    process.nextTick(() => {
      this.handOutIsPlanned = false;
      this.handOut();
    });
  }

  /** Gives the body what it has asked for: a piece, its end, or its error. */
  private handOut(): void {
    const body = this.body?.deref();
    body?.inContext(() => this.handOutTo(body));
  }

  private handOutTo(body: AnswerBody): void {
    if (!this.isWanted || this.state === "released") return;
    const piece = this.pieces.shift();
    if (piece !== undefined) {
      this.isWanted = false;
      body.push(piece);
      // The source may have ended meanwhile, and has no use for it then.
      if (this.state === "receiving") this.change("taken", piece.length);
    } else if (this.state === "ended") {
      this.isWanted = false;
      const { error } = this;
      // Not at once: the piece that is being read now would be lost.
      if (error === undefined) body.push(null);
      else process.nextTick(() => body.destroy(error));
    }
  }

  private change(type: "received" | "taken", byteLength: number): void {
    const before = this.window.kind;
    const [window, effect] = nextReceiveWindow(this.window, { type, byteLength });
    this.window = window;
    if (effect !== undefined) this.answer.source.read(effect.byteLength);
    if (window.kind === before) return;
    if (window.kind === "full") this.stopTime();
    else this.runTime(this.body?.deref());
  }

  private runTime(body: AnswerBody | undefined): void {
    if (this.state !== "receiving" || this.kept !== undefined) return;
    this.kept = body;
    this.dueMs = this.options.nowMs() + this.options.timeoutMs;
    this.options.deadlines.add(this);
  }

  private stopTime(): void {
    if (this.kept === undefined) return;
    this.kept = undefined;
    this.options.deadlines.remove(this);
  }
}
