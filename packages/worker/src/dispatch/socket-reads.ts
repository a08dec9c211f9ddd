import type { Socket } from "node:net";
import { pieceMaxBytes } from "@rollcall/core/request";

/** What is read for an answer that does not stream comes here, and is copied before the next read of any socket. */
const sharedBlock = Buffer.allocUnsafeSlow(65_536);

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
  private socket: Socket | undefined;
  private block = sharedBlock;
  /** Of the block. */
  private filledBytes = 0;
  private isClosed = false;

  static of(socket: Socket): SocketReads | undefined {
    return readsBySocket.get(socket);
  }

  /** The socket that was made with `onread`. */
  attach(socket: Socket): void {
    this.socket = socket;
    readsBySocket.set(socket, this);
  }

  close(): void {
    if (this.isClosed || this.socket === undefined) return;
    this.isClosed = true;
    this.socket.read = nothing;
  }

  /** `readNow`: false from within the parser, which goes on reading by itself. */
  open(readNow: boolean): void {
    if (!this.isClosed || this.socket === undefined) return;
    this.isClosed = false;
    // The prototype's own again.
    delete (this.socket as Partial<Socket>).read;
    if (readNow && !this.socket.destroyed) this.socket.emit("readable");
  }

  private received(byteLength: number, into: Uint8Array): boolean {
    if (this.socket === undefined) return false;
    const bytes = Buffer.from(into.buffer, into.byteOffset, byteLength);
    if (into === sharedBlock) return this.socket.push(Buffer.from(bytes));
    this.filledBytes += byteLength;
    return this.socket.push(bytes);
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

function nothing(): null {
  return null;
}
