import type { Socket } from "node:net";
import { pieceMaxBytes } from "@rollcall/core/request";

/** What is read for an answer that does not stream comes here, and is copied before the next read of any socket. */
const sharedBlock = Buffer.allocUnsafeSlow(65_536);
const { buffer: sharedBuffer } = sharedBlock;

/** Blocks of streams into which no socket reads any more. */
const fullBlocks = new WeakSet<ArrayBufferLike>();

const readsBySocket = new WeakMap<Socket, SocketReads>();

/** Whether the buffer holds what was read for one stream alone, all of it: its owner may give it away. */
export function isFullBlock(buffer: ArrayBufferLike): boolean {
  return fullBlocks.has(buffer);
}

/**
 * How the bytes of one socket get to undici's parser, and when.
 *
 * Node allocates 64 KB for each read of a socket. V8 answers that with full collections: for a large answer they cost
 * more than all the rest. Here a read goes to a shared block and is copied, as long as it is; or, while an answer
 * streams, to the next part of a block that the stream may give away: such a piece is never copied.
 *
 * undici's parser reads when the socket emits `readable`, and several times a request to see whether there is more. The
 * chunks wait in a list of its own and go to the parser in the turn in which they come, past the buffer of Node's stream,
 * which costs a small answer more than parsing it does. Its end, errors and all else are Node's. A parser that reads in
 * another way gets its chunks through the stream.
 *
 * Closed, the socket is not read: it fills, and TCP holds the peer. Not by undici's own pause: its parser throws where
 * no code can catch it if the peer ends the connection meanwhile (nodejs/undici#5360, not corrected in 7).
 */
export class SocketReads {
  /** As `net.connect` takes it: `buffer` is called for the first read, and directly after each `callback`. */
  readonly onread = {
    buffer: (): Uint8Array => this.nextRoom(),
    callback: (byteLength: number, into: Uint8Array): boolean => this.received(byteLength, into),
  };
  /** An answer streams from this connection. */
  isStreaming = false;
  /** How many chunks the parser has had. */
  parsed = 0;
  private socket: Socket | undefined;
  /** What has come and is not read. */
  private readonly chunks: Buffer[] = [];
  private way: "unknown" | "direct" | "stream" = "unknown";
  private hasEnded = false;
  private block = sharedBlock;
  /** Of the block. */
  private filledBytes = 0;
  private isClosed = false;
  /** The push of Node's stream. */
  private pushOn: (chunk: Buffer) => boolean = () => false;

  static of(socket: Socket): SocketReads | undefined {
    return readsBySocket.get(socket);
  }

  /** The socket that was made with `onread`. */
  attach(socket: Socket): void {
    this.socket = socket;
    readsBySocket.set(socket, this);
    const { read, push, unshift } = socket;
    socket.read = (byteLength?: number) => {
      if (this.isClosed) return null;
      if (this.chunks.length > 0) {
        if (byteLength === 0) return null;
        this.parsed++;
        return this.chunks.shift();
      }
      // Without chunks of its own, a stream has something to do at its beginning and its end only.
      return byteLength === 0 || this.hasEnded || this.way === "stream" ? read.call(socket, byteLength) : null;
    };
    this.pushOn = (chunk) => push.call(socket, chunk);
    socket.push = (chunk: Buffer | null, encoding?: BufferEncoding) => {
      // Over a tunnel, Node's TLS has no `onread`: it allocates what each record has, and pushes that.
      if (chunk !== null && encoding === undefined) return this.taken(socket, chunk);
      if (chunk === null) this.hasEnded = true;
      return push.call(socket, chunk, encoding);
    };
    socket.unshift = (chunk: Buffer, encoding?: BufferEncoding) => {
      if (this.way === "direct") this.chunks.unshift(chunk);
      else unshift.call(socket, chunk, encoding);
    };
  }

  close(): void {
    this.isClosed = true;
  }

  /** `readNow`: false from within the parser, which goes on reading by itself. */
  open(readNow: boolean): void {
    if (!this.isClosed || this.socket === undefined) return;
    this.isClosed = false;
    if (this.socket.destroyed) return;
    if (readNow) this.socket.emit("readable");
    // Reading has stopped at the first chunk that came meanwhile.
    if (this.way === "direct") this.socket._read(0);
  }

  private received(byteLength: number, into: Uint8Array): boolean {
    const { socket } = this;
    if (socket === undefined) return false;
    if (into === sharedBlock) return this.taken(socket, copyOfShared(byteLength));
    this.filledBytes += byteLength;
    return this.taken(socket, Buffer.from(into.buffer, into.byteOffset, byteLength));
  }

  /** Whether the socket is to be read on. */
  private taken(socket: Socket, chunk: Buffer): boolean {
    if (this.way === "unknown") this.way = readsWhenReadable(socket) ? "direct" : "stream";
    if (this.way === "stream") return this.pushOn(chunk);
    this.chunks.push(chunk);
    if (this.isClosed) return false;
    socket.emit("readable");
    return true;
  }

  /** A block is full from its half on: so what is given away is never more than twice what it holds. */
  private nextRoom(): Uint8Array {
    if (!this.isStreaming) {
      this.block = sharedBlock;
      return sharedBlock;
    }
    if (this.block === sharedBlock || this.filledBytes * 2 >= this.block.length) {
      if (this.block !== sharedBlock) fullBlocks.add(this.block.buffer);
      this.block = Buffer.allocUnsafeSlow(pieceMaxBytes);
      this.filledBytes = 0;
    }
    return this.block.subarray(this.filledBytes);
  }
}

/** Of the first so many bytes. `buffer` is kept: to ask a view for its own takes longer than to make another. */
function copyOfShared(byteLength: number): Buffer {
  const copy = Buffer.allocUnsafe(byteLength);
  copy.set(new Uint8Array(sharedBuffer, 0, byteLength));
  return copy;
}

/** As undici 7 does. */
function readsWhenReadable(socket: Socket): boolean {
  return socket.listenerCount("readable") > 0 && socket.listenerCount("data") === 0;
}
