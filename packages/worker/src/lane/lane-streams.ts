import type { WireError } from "@rollcall/core";
import { nextWindowBytes, windowMinBytes } from "@rollcall/core/request";
import type { LaneBody } from "./lane-body.js";
import { LaneStream, type StreamLane } from "./lane-stream.js";

/** The answers that stream from one thread, by the ids of their requests, and what their windows hold together. */
export class LaneStreams {
  private readonly streams = new Map<number, LaneStream>();
  private readonly bodies = new Map<number, LaneBody>();
  private readonly windows = new Map<number, { readonly windowBytes: number; readonly streams: number }>();
  private windowsBytes = 0;

  /** Whether a request of so many streams, one for its body and one for its answer, gets its windows. */
  hasRoom(streams: number): boolean {
    return nextWindowBytes(this.windowsBytes, streams) !== undefined;
  }

  /**
   * Takes a window for each of the streams of the request of this id, until `release`: at least the smallest, whether
   * there is room or not. Returns the size of each.
   */
  takeWindows(id: number, streams: number): number {
    const windowBytes = nextWindowBytes(this.windowsBytes, streams) ?? windowMinBytes;
    this.windows.set(id, { windowBytes, streams });
    this.windowsBytes += streams * windowBytes;
    return windowBytes;
  }

  addBody(id: number, body: LaneBody): void {
    this.bodies.set(id, body);
  }

  /** The thread may be sent so much more of the request's body. */
  bodyRead(id: number, byteLength: number): void {
    this.bodies.get(id)?.read(byteLength);
  }

  windowOf(id: number): number {
    return this.windows.get(id)?.windowBytes ?? 0;
  }

  open(id: number, lane: StreamLane): LaneStream {
    const stream = new LaneStream(id, lane);
    this.streams.set(id, stream);
    return stream;
  }

  piece(id: number, bytes: Buffer): void {
    this.streams.get(id)?.piece(bytes);
  }

  /** Undefined: the request has no stream, or it was cancelled before the stream began. */
  get(id: number): LaneStream | undefined {
    return this.streams.get(id);
  }

  /** The thread has reported the end of the request; most have no window. */
  release(id: number): void {
    const taken = this.windows.get(id);
    if (taken === undefined) return;
    this.windowsBytes -= taken.streams * taken.windowBytes;
    this.windows.delete(id);
    this.streams.delete(id);
    this.bodies.get(id)?.end();
    this.bodies.delete(id);
  }

  /** No more comes from the thread. */
  breakAll(error: Omit<WireError, "receivedBytes">): void {
    for (const stream of this.streams.values()) stream.broken(error);
    this.streams.clear();
    for (const body of this.bodies.values()) body.end();
    this.bodies.clear();
  }
}
