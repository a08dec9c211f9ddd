import { uncountedBytes } from "@rollcall/core/request";
import { AnswerStream, type StreamedAttempt } from "./answer-stream.js";
import { AnswerUnpacking } from "./answer-unpacking.js";
import { AbandonedAttempt, isBodiless, isOwn, LargeAnswer } from "./attempt-errors.js";
import type { AttemptOwner } from "./attempt-owner.js";
import { AttemptState } from "./attempt-state.js";
import type { SendingAttempt } from "./body-source.js";
import { CollectedBody } from "./collected-body.js";
import { codingsToUndo, headersOfUnpacked } from "./content-codings.js";
import type { UnpackedReader } from "./content-decoder.js";
import type { NodeHandler, NodePool } from "./node-pool.js";
import type { DispatchedRequest } from "./pending-request.js";
import { type UnreadableContent, unknownCoding } from "./unreadable-content.js";

/**
 * One attempt, as undici's handler. It implements the older of undici's two handler forms: there the headers stay bytes
 * until they are read, and most callers never read them.
 */
export class AttemptHandler
  extends AttemptState<AttemptHandler>
  implements NodeHandler, StreamedAttempt, SendingAttempt, UnpackedReader
{
  /** What the body goes to, instead of being collected. */
  stream: AnswerStream | undefined;
  /** The body so far, unpacked. */
  private readonly collected = new CollectedBody();
  /** How much of a refused answer may still come; undefined: this is no refused one. */
  private drainableBytes: number | undefined;
  private unpacking: AnswerUnpacking | undefined;
  private abort: ((error?: Error) => void) | undefined;
  /** Nothing more comes from the node. What has come may wait to be unpacked. */
  private hasEnded = false;
  /** undici's parser is in one of the calls below: it goes on reading by itself. */
  private isParsing = false;
  /** Of its connection's chunks, the newest that its owner has been told of. */
  private notedChunk = 0;
  /** Of the answer's body, where the request has a limit of its own. */
  private readonly ownMaxBytes: number;

  constructor(
    request: DispatchedRequest<AttemptHandler>,
    pool: NodePool<AttemptHandler>,
    startedAtMs: number,
    startedRanMs: number,
    private readonly owner: AttemptOwner<AttemptHandler>,
  ) {
    super(request, pool, startedAtMs, startedRanMs);
    this.ownMaxBytes = request.prepared.settings?.maxResponseBytes ?? Number.POSITIVE_INFINITY;
  }

  /** Of the body so far, as collected and unpacked. */
  get byteLength(): number {
    return this.collected.byteLength;
  }

  get body(): Buffer {
    return this.collected.bytes;
  }

  /** Ends the attempt, at the latest before its first byte is written: its outcome is not wanted any more. */
  abandon(): void {
    this.isWanted = false;
    if (this.abort === undefined) this.connection?.giveUpOpening(new AbandonedAttempt());
    else this.giveUp(new AbandonedAttempt());
  }

  onConnect(abort: (error?: Error) => void): void {
    if (!this.isWanted || this.request.claim?.markSent() === false) return abort(new AbandonedAttempt());
    this.abort = abort;
    this.handedToSocket = true;
    this.reusedSocket = this.connection?.begin() ?? false;
  }

  onResponseStarted(): void {
    this.firstByteSeen = true;
    this.noteBytes();
  }

  /** Once for all parts of the answer that came in one chunk. */
  private noteBytes(): void {
    const reads = this.connection?.reads;
    if (reads !== undefined && reads.parsed > 0 && reads.parsed === this.notedChunk) return;
    this.notedChunk = reads?.parsed ?? 0;
    this.owner.received(this);
  }

  /** Reads on after `grew` returned false. */
  resume(): void {
    this.hold(false);
  }

  /** The body goes to a stream from now on. */
  openStream(): AnswerStream {
    // What is packed leads to other bytes, and is not itself for a stream.
    if (this.unpacking === undefined && !this.hasEnded) this.mayStream(true);
    this.stream = new AnswerStream(this.request.prepared.answerWindowBytes, this);
    return this.stream;
  }

  /** Reads and forgets the rest of an answer that is not wanted, so that its connection can be used again. */
  drain(atMostBytes: number): void {
    this.drainableBytes = atMostBytes;
    this.unpacking?.stop();
    this.unpacking = undefined;
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
    if (this.unpacking === undefined) this.full(isHeld);
    else this.unpacking.hold(isHeld);
  }

  /** The node may send no more for now, or may go on. */
  full(isHeld: boolean): void {
    if (isHeld === this.isHeld || this.hasEnded) return;
    this.isHeld = isHeld;
    this.wasPaused = true;
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
    if (this.pool.settings.unpacksAnswers && !this.canRead(rawHeaders)) return true;
    if (this.request.prepared.answerWindowBytes === 0 || status < 200) return true;
    this.isParsing = true;
    this.owner.headersCame(this);
    this.isParsing = false;
    return true;
  }

  /** Finds out whether the body is packed. False: it cannot be unpacked, which ends the attempt. */
  private canRead(rawHeaders: readonly Buffer[]): boolean {
    const { prepared } = this.request;
    const found = codingsToUndo(prepared, this.status, rawHeaders);
    if (found === undefined) return true;
    if (found.kind === "unreadable") {
      this.giveUp(unknownCoding(found.coding));
      return false;
    }
    this.unpacking = new AnswerUnpacking(found.codings, prepared.answerWindowBytes > 0, this);
    this.rawHeaders = headersOfUnpacked(rawHeaders);
    return true;
  }

  onData(chunk: Buffer): boolean {
    if (this.drainableBytes !== undefined) {
      this.drainableBytes -= chunk.length;
      if (this.drainableBytes < 0) this.abandon();
      return true;
    }
    this.isParsing = true;
    this.noteBytes();
    if (this.unpacking === undefined) this.piece(chunk);
    else this.unpacking.write(chunk);
    this.isParsing = false;
    return true;
  }

  /** More of the body, unpacked. */
  piece(bytes: Buffer): void {
    if (this.stream !== undefined) {
      this.stream.piece(bytes);
      if (this.stream.receivedBytes > this.ownMaxBytes) this.giveUp(new LargeAnswer());
      return;
    }
    if (this.byteLength + bytes.length > Math.min(this.ownMaxBytes, this.pool.settings.maxResponseBytes)) {
      return this.giveUp(new LargeAnswer());
    }
    this.collected.add(bytes);
    if (this.byteLength <= uncountedBytes || this.owner.grew(this, bytes.length)) return;
    this.hold(true);
  }

  /** The body is unpacked, or cannot be. */
  ended(error?: UnreadableContent): void {
    if (error !== undefined && !this.hasEnded) return this.giveUp(error);
    // What has gone wrong with the connection comes first.
    this.error ??= error;
    this.finish();
  }

  onComplete(): void {
    if (this.stream !== undefined) this.mayStream(false);
    // The next answer on this connection is another's to hold.
    if (this.isHeld) this.connection?.reads?.open(false);
    this.hasEnded = true;
    if (this.unpacking === undefined) return this.finish();
    this.unpacking.end(true);
    this.oweNothing();
  }

  onError(error: Error): void {
    this.hasEnded = true;
    if (!isBodiless(error, this.status)) this.error = error;
    const isNew = this.handedToSocket && !this.reusedSocket && this.status === 0 && !isOwn(error);
    const explained = isNew ? this.pool.explained(error) : undefined;
    if (explained !== undefined) return void explained.then((found) => this.fail(found));
    // What has come of a stream is for its reader, if we have not ended it ourselves.
    if (this.unpacking === undefined || this.stream === undefined || isOwn(error)) return this.finish();
    this.unpacking.end(false);
    this.oweNothing();
  }

  /** Ends the attempt, for a reason of ours. */
  private giveUp(error: Error): void {
    if (!this.hasEnded) return this.abort?.(error);
    this.fail(error);
  }

  private fail(error: Error): void {
    if (this.isFinished) return;
    this.error = error;
    this.finish();
  }

  /** What is left to do is ours: the node does not stall meanwhile. */
  private oweNothing(): void {
    if (this.isFinished || this.isHeld) return;
    this.isHeld = true;
    this.owner.held(this, true);
  }

  private finish(): void {
    if (this.isFinished) return;
    this.isFinished = true;
    this.unpacking?.stop();
    this.owner.finished(this);
  }
}
