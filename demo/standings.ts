import type { NodeEvent } from "@rollcall/worker";

/** A time in which the pool sent a node nothing. Times count from the start of the traffic. */
export interface Absence {
  /** The node's name, or its address where it has none. */
  readonly node: string;
  /** Whether the coordinator found it down too, or only this process kept away from it. */
  readonly down: boolean;
  readonly fromMs: number;
  /** Absent: it lasts. */
  readonly untilMs?: number;
}

const absencesKept = 100;

/**
 * Since when each node stands as it does, and when it was away, by the pool's own events.
 *
 *    in use (up, ramp)  ──down, ejected──▶  away  ──up, ramp──▶  in use
 *
 * A node that leaves the cluster ends its absence: there is nothing left to be away.
 */
export class Standings {
  private readonly since = new Map<string, number>();
  private readonly lasting = new Map<string, Absence>();
  private readonly ended: Absence[] = [];

  moved({ address, name, to }: NodeEvent, atMs: number): void {
    this.since.set(address, atMs);
    const absence = this.lasting.get(address);
    if (to === "down" || to === "ejected") {
      const started = absence ?? { node: name ?? address, down: false, fromMs: atMs };
      this.lasting.set(address, { ...started, down: started.down || to === "down" });
    } else if (absence !== undefined) {
      this.lasting.delete(address);
      if (this.ended.length < absencesKept) this.ended.push({ ...absence, untilMs: atMs });
    }
    if (to === "absent") this.since.delete(address);
  }

  /** When the node came to stand as it does; undefined: before the first event. */
  sinceMs(address: string): number | undefined {
    return this.since.get(address);
  }

  /** In the order in which they began. */
  absences(): Absence[] {
    return [...this.ended, ...this.lasting.values()].sort((a, b) => a.fromMs - b.fromMs);
  }
}
