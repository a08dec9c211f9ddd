import { setTimeout as sleep } from "node:timers/promises";
import type { Lease, ViewStore } from "@rollcall/coordinator";
import { type Mark, type NodeRecord, nodeKey, type Version } from "@rollcall/core/view";
import { machineMs } from "./machine-clock.js";
import type { Sighting } from "./thread-watch.js";

/** Nothing listens there, and the bench sends no request to them. */
export const nodes: readonly NodeRecord[] = [1, 2, 3].map((port) => ({ id: `node-${port}`, host: "127.0.0.1", port }));
const down: Mark = { kind: "down", sinceMs: 0, reason: "bench" };
/** Between two marks: long enough for one to arrive everywhere before the next. */
const betweenMs = 60;
const renewEveryMs = 2_000;

/** Publishes like a coordinator, but marks the first node down and up on request. */
export class MarksLeader {
  private sequence = 0;
  private beat = 0;
  private renewedAtMs = machineMs();

  constructor(
    private readonly store: ViewStore,
    private readonly lease: Lease,
    private readonly replicas: number,
  ) {}

  /** Publishes so many times, down and up in turn; returns the time just before each. */
  async toggle(times: number): Promise<readonly Sighting[]> {
    const published: Sighting[] = [];
    for (let time = 0; time < times; time++) {
      const isDown = time % 2 === 0;
      published.push({ atMs: machineMs(), isDown });
      await this.publish(isDown);
      await sleep(betweenMs * (0.75 + Math.random() / 2));
      if (machineMs() - this.renewedAtMs > renewEveryMs) await this.renew();
    }
    // The next call then begins with a change.
    if (times % 2 === 1) await this.publish(false);
    await sleep(betweenMs);
    return published;
  }

  async publish(isDown: boolean): Promise<void> {
    const { epoch, leader } = this.lease;
    const version = (sequence: number): Version => ({ epoch, leader, sequence });
    const [first] = nodes;
    const marks = {
      version: version(++this.sequence),
      nodes: isDown && first !== undefined ? { [nodeKey(first)]: down } : {},
    };
    const topology = { version: version(1), clusterUuid: "bench", source: "sniff", nodes } as const;
    const head = { topology: topology.version, marks: marks.version, beat: ++this.beat, replicas: this.replicas };
    const isFirst = this.sequence === 1;
    const kept = await this.store.publish(this.lease, { head, marks, ...(isFirst ? { topology } : {}) });
    if (!kept) throw new Error("the lease was lost");
  }

  /** Keeps the lease while the replicas start, which a busy machine draws out. */
  async renewWhile<T>(work: Promise<T>): Promise<T> {
    const renewing = setInterval(() => void this.renew().catch(() => {}), renewEveryMs);
    try {
      return await work;
    } finally {
      clearInterval(renewing);
    }
  }

  private async renew(): Promise<void> {
    this.renewedAtMs = machineMs();
    await this.store.renew(this.lease, ++this.beat);
  }
}

/** @throws if there is no lease within 10 s */
export async function acquireLease(store: ViewStore): Promise<Lease> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const lease = await store.acquire("bench", 0).catch(() => undefined);
    if (lease !== undefined) return lease;
    await sleep(50);
  }
  throw new Error("no lease");
}
