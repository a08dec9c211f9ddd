import { type Logger, logEvent, type Timers } from "@rollcall/core";
import type { Heartbeat } from "@rollcall/core/view";
import type { HistoryRecorder } from "./history-recorder.js";

export interface FleetChangesParts {
  readonly timers: Timers;
  readonly logger: Logger;
  readonly history: Pick<HistoryRecorder, "record">;
  readonly isLeading: () => boolean;
}

/** Changes wait so long for others … */
const gatherMs = 5_000;
/** … and so long if there was a line just before: a rolling deploy of a thousand processes is one line a minute. */
const pauseMs = 60_000;
const namedMax = 3;

export type FleetChange = "joined" | "left" | "lost";
const events = { joined: "replica.joined", left: "replica.left", lost: "replica.lost" } as const;
const phrases = {
  joined: { one: "shares the view now", many: "replicas share the view now" },
  left: { one: "has ended", many: "replicas have ended" },
  lost: { one: "sends no heartbeat any more", many: "replicas send no heartbeat any more" },
} as const;

/** Logs, and adds to the history, which processes have joined the fleet, have ended, and are lost. The leader does so alone. */
export class FleetChanges {
  private readonly waiting: Record<FleetChange, string[]> = { joined: [], left: [], lost: [] };
  private notBeforeMs = Number.NEGATIVE_INFINITY;
  private cancel: (() => void) | undefined;

  constructor(private readonly parts: FleetChangesParts) {}

  note(change: FleetChange, { replica, host, pid }: Heartbeat): void {
    const { timers } = this.parts;
    this.waiting[change].push(`${replica} (${host}, pid ${pid})`);
    const waitMs = Math.max(gatherMs, this.notBeforeMs - timers.nowMs());
    this.cancel ??= timers.after(waitMs, () => this.tell());
  }

  close(): void {
    this.cancel?.();
  }

  private tell(): void {
    const { timers, logger, history, isLeading } = this.parts;
    this.cancel = undefined;
    this.notBeforeMs = timers.nowMs() + pauseMs;
    for (const change of ["joined", "left", "lost"] as const) {
      const replicas = this.waiting[change].splice(0);
      if (replicas.length === 0 || !isLeading()) continue;
      const text = textOf(change, replicas);
      logEvent(logger, events[change], { count: replicas.length, replicas: replicas.slice(0, namedMax) }, text);
      history.record({ event: events[change], text });
    }
  }
}

function textOf(change: FleetChange, replicas: readonly string[]): string {
  const { one, many } = phrases[change];
  if (replicas.length === 1) return `replica ${replicas[0]} ${one}`;
  const others = replicas.length - namedMax;
  const more = others > 0 ? ` and ${others} more` : "";
  return `${replicas.length} ${many}: ${replicas.slice(0, namedMax).join(", ")}${more}`;
}
