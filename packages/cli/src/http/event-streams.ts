import type { ServerResponse } from "node:http";
import type { Clock, Unsubscribe } from "@rollcall/core";

/** How many pages one process serves at once. */
export const streamsMax = 64;
/** A browser that takes nothing for so long is gone, or its machine sleeps. */
const stuckMs = 30_000;

/** One page that listens. */
interface Stream {
  readonly response: ServerResponse;
  /** Since when what was written has not been taken; undefined while it has. */
  blockedSinceMs?: number;
  /** What to write next, by the event's name: the newest takes the place of one that was not written. */
  readonly next: Map<string, string>;
}

/**
 * The server-sent events of the page. Each stream holds what is on its way, and the newest event of each name: a slow
 * listener gets the newest state, not a queue.
 *
 *     open ──write is not taken──▶ blocked ──it drains──▶ open
 *                                     └──30 s──▶ ended
 */
export class EventStreams {
  private readonly streams = new Set<Stream>();

  private stop: Unsubscribe | undefined;

  /** @param listen is called when the first stream begins, and what it returns when the last has ended */
  constructor(
    private readonly clock: Clock,
    private readonly listen: (publish: Publish) => Unsubscribe,
  ) {}

  get count(): number {
    return this.streams.size;
  }

  get isFull(): boolean {
    return this.streams.size >= streamsMax;
  }

  /** Begins a stream with these events. The caller has looked whether there is room. */
  open(response: ServerResponse, headers: Readonly<Record<string, string>>, first: string): void {
    const stream: Stream = { response, next: new Map() };
    this.streams.add(stream);
    response.on("close", () => this.ended(stream));
    response.on("error", () => this.ended(stream));
    response.on("drain", () => {
      const newest = [...stream.next.values()].join("");
      delete stream.blockedSinceMs;
      stream.next.clear();
      if (newest !== "") this.write(stream, newest);
    });
    response.writeHead(200, { ...headers, "content-type": "text/event-stream; charset=utf-8" });
    this.write(stream, first);
    this.stop ??= this.listen((name, data) => this.publish(name, data));
  }

  publish(name: string, data: unknown): void {
    const text = eventText(name, data);
    for (const stream of this.streams) {
      const { blockedSinceMs } = stream;
      if (blockedSinceMs === undefined) this.write(stream, text);
      else if (this.clock.nowMs() - blockedSinceMs < stuckMs) stream.next.set(name, text);
      else stream.response.destroy();
    }
  }

  /** Ends all of them. */
  close(): void {
    for (const stream of [...this.streams]) {
      stream.response.destroy();
      this.ended(stream);
    }
  }

  private ended(stream: Stream): void {
    this.streams.delete(stream);
    if (this.streams.size > 0) return;
    this.stop?.();
    this.stop = undefined;
  }

  private write(stream: Stream, text: string): void {
    if (!stream.response.write(text)) stream.blockedSinceMs = this.clock.nowMs();
  }
}

export type Publish = (name: string, data: unknown) => void;

/** One event as it goes over the wire. */
export function eventText(name: string, data: unknown): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}
