import { type AttemptFacts, uncountedBytes } from "@rollcall/core/request";
import { AnswerStream, type StreamedAttempt } from "./answer-stream.js";
import { isBodySource, type SendingAttempt } from "./body-source.js";
import type { Link } from "./in-flight-list.js";
import type { Connection, NodeHandler, NodePool } from "./node-pool.js";
import type { DispatchedRequest } from "./pending-request.js";
import { chunksKept, SmallChunks } from "./small-chunks.js";

/** What an attempt reports to. */
export interface AttemptOwner {
  /** A byte of the answer has come. */
  received(attempt: AttemptHandler): void;
  /** More of a large answer has come. False: it waits until `resume` is called. */
  grew(attempt: AttemptHandler, addedBytes: number): boolean;
  /** The headers of an answer that is to stream have come. Afterwards it streams, or its rest is drained. */
  headersCame(attempt: AttemptHandler): void;
  /** The answer waits for its reader or for our memory, or no more. */
  held(attempt: AttemptHandler, isHeld: boolean): void;
  /** It has ended: `error` is set, or the answer is whole. Called once, also for one that was abandoned. */
  finished(attempt: AttemptHandler): void;
}

/**
 * One attempt, as undici's handler. It implements the older of undici's two handler forms: there the headers stay bytes
 * until they are read, and most callers never read them.
 */
export class AttemptHandler
  implements NodeHandler, AttemptFacts, Link<AttemptHandler>, StreamedAttempt, SendingAttempt
{
  older: AttemptHandler | undefined;
  newer: AttemptHandler | undefined;
  connection: Connection | undefined;
  handedToSocket = false;
  firstByteSeen = false;
  reusedSocket = false;
  status = 0;
  rawHeaders: readonly Buffer[] = [];
  /** Of the body so far, as collected. */
  byteLength = 0;
  /** The answer has waited for memory of ours: the time that it took says nothing about the node. */
  wasPaused = false;
  private readonly chunks: Buffer[] = [];
  private smallChunks: SmallChunks | undefined;
  error: Error | undefined;
  /** Its outcome decides about its request, which has not been decided yet. */
  isWanted = true;
  /** Its node's answer was judged when the headers came. */
  isJudged = false;
  /** Since when its node owes it a byte: the node owes none while the answer waits for its reader or our memory. */
  waitingSinceMs: number;
  isHeld = false;
  /** What the body goes to, instead of being collected. */
  stream: AnswerStream | undefined;
  /** How much of a refused answer may still come; undefined: this is no refused one. */
  private drainableBytes: number | undefined;
  private abort: ((error?: Error) => void) | undefined;
  /** The node has not been given the whole body yet. */
  isSending: boolean;
  private hasEnded = false;
  /** undici's parser is in one of the calls below: it goes on reading by itself. */
  private isParsing = false;
  /** Of the answer's body, where the request has a limit of its own. */
  private readonly ownMaxBytes: number;
  /** Of the slot, when the attempt began. */
  readonly generation: number;

  constructor(
    readonly request: DispatchedRequest<AttemptHandler>,
    readonly pool: NodePool<AttemptHandler>,
    readonly startedAtMs: number,
    /** The same on the clock that stands still while this thread does not run. */
    readonly startedRanMs: number,
    private readonly owner: AttemptOwner,
  ) {
    this.generation = pool.generation;
    this.ownMaxBytes = request.prepared.settings?.maxResponseBytes ?? Number.POSITIVE_INFINITY;
    this.waitingSinceMs = startedAtMs;
    this.isSending = isBodySource(request.prepared.body);
    // How long such a request takes depends on its source.
    this.wasPaused = this.isSending;
  }

  /** The node that it was sent to is still the slot's. */
  get isCurrent(): boolean {
    return this.pool.isCurrent && this.pool.generation === this.generation;
  }

  get body(): Buffer {
    this.smallChunks?.end();
    const [only] = this.chunks;
    return this.chunks.length === 1 && only !== undefined ? only : Buffer.concat(this.chunks);
  }

  /** Ends the attempt, at the latest before its first byte is written: its outcome is not wanted any more. */
  abandon(): void {
    this.isWanted = false;
    if (this.abort === undefined) this.connection?.giveUpOpening(new AbandonedAttempt());
    else this.abort(new AbandonedAttempt());
  }

  onConnect(abort: (error?: Error) => void): void {
    if (!this.isWanted || this.request.claim?.markSent() === false) return abort(new AbandonedAttempt());
    this.abort = abort;
    this.handedToSocket = true;
    this.reusedSocket = this.connection?.begin() ?? false;
  }

  onResponseStarted(): void {
    this.firstByteSeen = true;
    this.owner.received(this);
  }

  /** Reads on after `grew` returned false. */
  resume(): void {
    this.hold(false);
  }

  /** The body goes to a stream from now on. */
  openStream(): AnswerStream {
    this.mayStream(true);
    this.stream = new AnswerStream(this.request.prepared.answerWindowBytes, this);
    return this.stream;
  }

  /** Reads and forgets the rest of an answer that is not wanted, so that its connection can be used again. */
  drain(atMostBytes: number): void {
    this.drainableBytes = atMostBytes;
  }

  awaitSource(isAwaited: boolean): void {
    if (!this.isSending || this.status !== 0 || this.hasEnded || isAwaited === this.isHeld) return;
    this.isHeld = isAwaited;
    this.owner.held(this, isAwaited);
  }

  bodySent(): void {
    this.awaitSource(false);
    this.isSending = false;
  }

  hold(isHeld: boolean): void {
    if (isHeld === this.isHeld) return;
    this.isHeld = isHeld;
    this.owner.held(this, isHeld);
    if (isHeld) this.connection?.reads?.close();
    else this.connection?.reads?.open(!this.isParsing);
  }

  /** Whether what is read from now on is for a stream. */
  private mayStream(isStreaming: boolean): void {
    const reads = this.connection?.reads;
    if (reads !== undefined) reads.isStreaming = isStreaming;
  }

  drop(): void {
    this.abandon();
  }

  onHeaders(status: number, rawHeaders: Buffer[]): boolean {
    this.firstByteSeen = true;
    // An answer that comes before the end of the body is judged as any other.
    this.awaitSource(false);
    this.status = status;
    this.rawHeaders = rawHeaders;
    if (this.request.prepared.answerWindowBytes === 0 || status < 200) return true;
    this.isParsing = true;
    this.owner.headersCame(this);
    this.isParsing = false;
    return true;
  }

  onData(chunk: Buffer): boolean {
    if (this.stream !== undefined) {
      this.owner.received(this);
      this.isParsing = true;
      this.stream.piece(chunk);
      this.isParsing = false;
      if (this.stream.receivedBytes > this.ownMaxBytes) this.refuse();
      return true;
    }
    if (this.drainableBytes !== undefined) {
      this.drainableBytes -= chunk.length;
      if (this.drainableBytes < 0) this.abandon();
      return true;
    }
    if (this.byteLength + chunk.length > Math.min(this.ownMaxBytes, this.pool.settings.maxResponseBytes)) {
      this.refuse();
      return true;
    }
    if (this.chunks.length < chunksKept) this.chunks.push(chunk);
    else {
      this.smallChunks ??= new SmallChunks(this.chunks);
      this.smallChunks.add(chunk);
    }
    this.owner.received(this);
    this.byteLength += chunk.length;
    if (this.byteLength <= uncountedBytes || this.owner.grew(this, chunk.length)) return true;
    this.wasPaused = true;
    this.hold(true);
    return true;
  }

  private refuse(): void {
    this.abort?.(new LargeAnswer());
  }

  onComplete(): void {
    this.hasEnded = true;
    if (this.stream !== undefined) this.mayStream(false);
    // The next answer on this connection is another's to hold.
    if (this.isHeld) this.connection?.reads?.open(false);
    this.owner.finished(this);
  }

  onError(error: Error): void {
    // Such an answer names a length and has no body; undici reports that as an error.
    if (!this.isBodiless(error)) this.error = error;
    this.hasEnded = true;
    this.owner.finished(this);
  }

  private isBodiless(error: Error): boolean {
    const isMismatch = "code" in error && error.code === "UND_ERR_RES_CONTENT_LENGTH_MISMATCH";
    return isMismatch && (this.status === 304 || this.status === 204);
  }
}

class LargeAnswer extends Error {
  /** As undici has it. */
  readonly code = "UND_ERR_RES_EXCEEDED_MAX_SIZE";
  constructor() {
    super("the answer is larger than allowed");
  }
}

class AbandonedAttempt extends Error {
  override readonly name = "AbortError";
  readonly code = "ABORT_ERR";
  constructor() {
    super("this attempt was given up");
  }
}
