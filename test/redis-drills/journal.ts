import type { CoordinatorProcess } from "../support/coordinator-process.js";
import type { Replica, ReplicaEntry } from "../support/replica/index.js";

/** One line of a process's log. */
export interface LineEntry {
  readonly kind: "line";
  readonly atMs: number;
  readonly level: string;
  readonly event: string;
  readonly text: string;
}

/** What the processes of a drill did, with the time on this machine's clock. Nothing is ever taken out of it. */
export type Entry = { readonly process: string } & (ReplicaEntry | LineEntry);

const levels = new Map([
  [20, "debug"],
  [30, "info"],
  [40, "warn"],
]);

/** Everything so far, ordered by time. */
export function journalOf(
  replicas: ReadonlyMap<string, Pick<Replica, "journal" | "lines">>,
  coordinator: Pick<CoordinatorProcess, "log">,
): Entry[] {
  const entries: Entry[] = [];
  for (const [process, { journal, lines }] of replicas) {
    for (const entry of journal) entries.push({ process, ...entry });
    for (const line of lines) entries.push({ process, kind: "line", ...line });
  }
  for (const { time = 0, level, event = "", msg } of coordinator.log) {
    const line = { atMs: time, level: levels.get(level) ?? "error", event, text: msg };
    entries.push({ process: "coordinator", kind: "line", ...line });
  }
  return entries.sort((one, other) => one.atMs - other.atMs);
}
