import type { NodeEvent, NodeState } from "@rollcall/worker";

/** A value, and since when it holds. Times count from the start of the searches. */
export interface Since<T> {
  readonly value: T;
  readonly sinceMs: number;
}

/** A time in which the pool sent no request to a node. */
export interface Outage {
  /** The node's name, or its address where it has none. */
  readonly node: string;
  /** True: the leader marked the node down. False: only this process ejected it. */
  readonly down: boolean;
  readonly fromMs: number;
  /** Absent: it has not ended. */
  readonly untilMs?: number;
}

const outagesMax = 100;

/**
 * Since when each node is in its state, and when it was out of use, from the pool's own events.
 *
 *    in use  ──down, ejected──▶  out of use  ──healthy, slow-start──▶  in use
 *
 * A node that leaves the cluster ends its outage.
 */
export class NodeHistory {
  private readonly since = new Map<string, number>();
  private readonly current = new Map<string, Outage>();
  private readonly ended: Outage[] = [];

  record({ address, name, to }: NodeEvent, atMs: number): void {
    const outage = this.current.get(address);
    if (to === "absent") this.since.delete(address);
    else this.since.set(address, atMs);
    if (to === "down" || to === "ejected") {
      const started = outage ?? { node: name ?? address, down: false, fromMs: atMs };
      this.current.set(address, { ...started, down: started.down || to === "down" });
    } else if (outage !== undefined) {
      this.current.delete(address);
      if (this.ended.length < outagesMax) this.ended.push({ ...outage, untilMs: atMs });
    }
  }

  /** When the node entered its state; undefined before its first event. */
  sinceMs(address: string): number | undefined {
    return this.since.get(address);
  }

  /** In the order in which they began, at most the first 100 and those that last. */
  outages(): Outage[] {
    return [...this.ended, ...this.current.values()].sort((a, b) => a.fromMs - b.fromMs);
  }
}

/** Whether the pool sends requests to a node that has answered. */
export function isInUse(state: NodeState | undefined): boolean {
  return state === "healthy" || state === "penalized" || state === "slow-start";
}
