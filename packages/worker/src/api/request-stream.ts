import { AsyncLocalStorage } from "node:async_hooks";
import { Readable } from "node:stream";
import type { BodySource } from "../dispatch/body-source.js";
import { requestProblem } from "./request-fields.js";

/** Streams that a request has been given: each is read once. */
const given = new WeakSet<object>();

/** Small pieces are joined up to about this size. */
const joinedBytes = 65_536;

export function isStream(body: unknown): body is AsyncIterable<unknown> {
  return typeof body === "object" && body !== null && Symbol.asyncIterator in body;
}

/** A stream that the caller has given as a request's body: it is read as fast as it is sent. */
export class RequestStream implements BodySource {
  hasBegun = false;
  /** Of the pieces taken from the stream: no more than that was sent. */
  takenBytes = 0;
  /** Why no more can be taken: what the stream has thrown, or what is wrong with its last piece. */
  failure: unknown;
  private iterator: AsyncIterator<unknown> | undefined;
  /** Asked for, and not taken yet. */
  private step: Promise<IteratorResult<unknown>> | undefined;
  private hasEnded = false;
  private isOver = false;
  private whenStopped = () => {};
  /** The caller's code in the stream runs in the caller's context, whatever asks for the next piece. */
  private readonly inContext = AsyncLocalStorage.snapshot();

  /** @throws {RollcallError} `CONFIG` for a stream that cannot be read from its beginning, or that is also something else */
  constructor(private readonly stream: AsyncIterable<unknown>) {
    if (Symbol.iterator in stream || stream instanceof Uint8Array) {
      throw requestProblem("body", "is both a stream and an iterable: it must be one of them");
    }
    const isRead = stream instanceof Readable && (stream.readableDidRead || stream.readableEnded || stream.destroyed);
    const isLocked = "locked" in stream && stream.locked === true;
    if (given.has(stream) || isRead || isLocked) {
      throw requestProblem("body", "is a stream that was read or given to a request before: it must be a new one");
    }
  }

  /** The request is about to be sent: no other may have the stream. */
  take(): void {
    given.add(this.stream);
  }

  async next(): Promise<Uint8Array | undefined> {
    if (this.isOver) throw new Error("the body was stopped");
    this.hasBegun = true;
    this.iterator ??= this.inContext(() => this.stream[Symbol.asyncIterator]());
    const stopped = new Promise<never>((_, reject) => {
      this.whenStopped = () => reject(new Error("the body was stopped"));
    });
    try {
      const joined = await this.join(this.iterator, stopped);
      if (joined === undefined) this.isOver = true;
      else this.takenBytes += joined.length;
      return joined;
    } catch (error) {
      if (!this.isOver) this.failure = error;
      this.stop();
      throw error;
    }
  }

  /** The next piece, with those that come in the same turn: a line at a time would cost more than its sending. */
  private async join(iterator: AsyncIterator<unknown>, stopped: Promise<never>): Promise<Uint8Array | undefined> {
    const pieces: Uint8Array[] = [];
    let byteLength = 0;
    let turn: Promise<undefined> | undefined;
    while (byteLength < joinedBytes && !this.hasEnded) {
      this.step ??= this.pull(iterator);
      const step = await Promise.race([this.step, turn ?? stopped]);
      if (step === undefined) break;
      this.step = undefined;
      if (step.done === true) this.hasEnded = true;
      else {
        const piece = bytesOf(step.value);
        byteLength += piece.length;
        pieces.push(piece);
      }
      turn ??= new Promise((resolve) => setImmediate(resolve, undefined));
    }
    if (pieces.length === 0) return undefined;
    const [only] = pieces;
    return pieces.length === 1 ? only : Buffer.concat(pieces);
  }

  private pull(iterator: AsyncIterator<unknown>): Promise<IteratorResult<unknown>> {
    const step = this.inContext(() => iterator.next());
    // It may fail between two calls: the next one gets that.
    step.catch(() => {});
    return step;
  }

  stop(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.whenStopped();
    this.inContext(() => {
      if (this.stream instanceof Readable) this.stream.destroy();
      // A generator that waits for something returns later, or never.
      else this.iterator?.return?.().then(undefined, () => {});
    });
  }
}

function bytesOf(piece: unknown): Uint8Array {
  if (typeof piece === "string") return Buffer.from(piece, "utf8");
  if (piece instanceof Uint8Array) return piece;
  throw requestProblem("body", "must be a stream of strings or bytes");
}
