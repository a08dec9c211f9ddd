import type { Readable } from "node:stream";

/** A request's body that is read piece by piece, once. */
export interface BodySource {
  /** A piece was asked for: the request cannot be sent again. */
  readonly hasBegun: boolean;
  /** The next piece; undefined at the end. Rejects where the source fails, or was stopped. One call at a time. */
  next(): Promise<Uint8Array | undefined>;
  /** No more is wanted. Without effect on one that has ended. */
  stop(): void;
}

/** A request's body is sent as it is, or comes from a source. */
export type SentBody = string | Uint8Array | BodySource | undefined;

export function isBodySource(body: SentBody): body is BodySource {
  return typeof body === "object" && !(body instanceof Uint8Array);
}

/** The part of an attempt that a streamed body reports to. */
export interface SendingAttempt {
  /** The attempt waits for the source, or for the node again. */
  awaitSource(isAwaited: boolean): void;
  /** The node has been given the whole body. */
  bodySent(): void;
}

/** The source as undici takes it: piece by piece, as fast as the socket does. Its types do not name iterables. */
export function streamOf(source: BodySource, attempt: SendingAttempt): Readable {
  return piecesOf(source, attempt) as unknown as Readable;
}

async function* piecesOf(source: BodySource, attempt: SendingAttempt): AsyncGenerator<Uint8Array, void> {
  for (;;) {
    attempt.awaitSource(true);
    let piece: Uint8Array | undefined;
    try {
      piece = await source.next();
    } catch {
      throw new BrokenSource();
    } finally {
      attempt.awaitSource(false);
    }
    if (piece === undefined) return attempt.bodySent();
    yield piece;
  }
}

/** Never the source's own error: its code could be taken for one of the connection. */
class BrokenSource extends Error {
  readonly code = "BODY";
  constructor() {
    super("the source of the request's body failed");
  }
}
