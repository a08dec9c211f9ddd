import type { Logger } from "@rollcall/core";
import type { World } from "./world.js";

interface Line {
  readonly atMs: number;
  readonly actor: string;
  readonly event: string;
}

/** What is kept of a story: the last of it. */
const linesMax = 50_000;

/** What happened, line by line: when, to which process or node, and what. */
export class Story {
  private readonly lines: Line[] = [];
  private dropped = 0;

  constructor(private readonly world: World) {}

  add(actor: string, event: string): void {
    this.lines.push({ atMs: this.world.nowMs(), actor, event });
    if (this.lines.length > linesMax) this.dropped += this.lines.splice(0, linesMax / 2).length;
  }

  /** The log of a process becomes part of the story. */
  loggerOf(actor: string): Logger {
    const log = (_fields: object, message: string) => this.add(actor, message);
    return { debug: () => {}, info: log, warn: log, error: log };
  }

  print(): string {
    return [
      ...(this.dropped > 0 ? [`… ${this.dropped} lines before`] : []),
      ...this.lines.map(({ atMs, actor, event }) => `${timeOf(atMs)}  ${actor.padEnd(14)} ${event}`),
    ].join("\n");
  }
}

/** Minutes, seconds and milliseconds. */
export function timeOf(atMs: number): string {
  const minutes = Math.floor(atMs / 60_000);
  const seconds = (atMs - minutes * 60_000) / 1_000;
  return `${`${minutes}`.padStart(2, "0")}:${seconds.toFixed(3).padStart(6, "0")}`;
}
