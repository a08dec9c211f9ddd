import type { Operation } from "./operation.js";

export interface Chunk {
  readonly operations: readonly Operation[];
  readonly byteLength: number;
}

export interface ChunkLimits {
  readonly chunkBytes: number;
  readonly chunkItems: number;
}

/**
 * Divides operations into chunks, in their order. No chunk is empty, none has more operations than allowed, and one
 * with more bytes than allowed has one operation.
 */
export class Chunker {
  private operations: Operation[] = [];
  private byteLength = 0;

  constructor(private readonly limits: ChunkLimits) {}

  get isEmpty(): boolean {
    return this.operations.length === 0;
  }

  /** The chunks that are complete with this operation: none, one, or, before a large one, two. */
  add(operation: Operation): readonly Chunk[] {
    const { chunkBytes, chunkItems } = this.limits;
    const before = this.byteLength + operation.byteLength > chunkBytes ? this.take() : noChunks;
    this.operations.push(operation);
    this.byteLength += operation.byteLength;
    const isFull = this.operations.length >= chunkItems || this.byteLength >= chunkBytes;
    return isFull ? [...before, ...this.take()] : before;
  }

  /** What there is, as one chunk; nothing if there is nothing. */
  take(): readonly Chunk[] {
    if (this.isEmpty) return noChunks;
    const { operations, byteLength } = this;
    this.operations = [];
    this.byteLength = 0;
    return [{ operations, byteLength }];
  }
}

const noChunks: readonly Chunk[] = [];

/** Both halves of what a node found too large, in their order; of two operations or more. */
export function halves(operations: readonly Operation[]): readonly (readonly Operation[])[] {
  const middle = Math.ceil(operations.length / 2);
  return [operations.slice(0, middle), operations.slice(middle)];
}
