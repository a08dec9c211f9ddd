import type { ViewStore } from "@rollcall/coordinator";
import { compareVersions, freshnessOf, nodeKey, type View } from "@rollcall/core/view";
import type { KnownNode } from "#worker/cluster-state/collaborators";
import type { Facts } from "./facts.js";
import type { SimProcess } from "./sim-process.js";
import type { Story } from "./story.js";
import type { World } from "./world.js";

const failuresToEject = 3;
/** The limit is 2 s, on a clock that may go a little faster. */
const reportsApartMs = 1_900;
const probeLongestMs = 15_000;
const justNowMs = 1_000;

/** The state of a replica that is watched. */
export interface WatchedReplica {
  readonly view: View | undefined;
  readonly isFresh: boolean;
  nodes(): readonly KnownNode[];
}

/**
 * Compares what a replica does with its nodes with what it has seen.
 *
 * S10  What an earlier node at an address has done is not counted against the next.
 * S15  A report of a failed probe follows one of that process and that node, and none is sent twice.
 * S16  A reader uses the newest view that its store has shown, at once.
 * S17  A process that uses a node in spite of its down mark names it in its heartbeat.
 */
export class ReplicaWatch {
  /** Failed requests to the node that has an address now, by replica. */
  private readonly failures = new Map<string, number>();

  constructor(
    private readonly world: World,
    private readonly facts: Facts,
    private readonly story: Story,
    private readonly violated: (invariant: string, text: string) => void,
  ) {}

  requestFailed(replica: string, address: string, isCurrent: boolean): void {
    const key = `${replica} ${address}`;
    if (isCurrent) this.failures.set(key, (this.failures.get(key) ?? 0) + 1);
  }

  replaced(replica: string, address: string): void {
    this.failures.delete(`${replica} ${address}`);
  }

  ejected(replica: string, address: string, reason: string): void {
    if (reason.startsWith("stalled")) return;
    const failures = this.failures.get(`${replica} ${address}`) ?? 0;
    if (failures >= failuresToEject || (failures > 0 && this.hasFailedProbe(replica, address))) return;
    this.violated("S10", `${replica} ejects ${address} for ${reason}, after ${failures} failures of its own`);
  }

  /** Checks what a replica sends, and what it makes of the views that come. */
  watchStore(store: ViewStore, { name }: SimProcess, replica: WatchedReplica): ViewStore {
    const reportedMs = new Map<string, number>();
    return {
      ...store,
      get isConnected() {
        return store.isConnected;
      },
      report: (report) => {
        const { node, reason, probe } = report;
        this.story.add(
          name,
          `reports ${node}: ${reason}${probe === undefined ? "" : ", which its own probe confirms"}`,
        );
        this.checkReport(name, node, probe === "failed", reportedMs.get(node));
        reportedMs.set(node, this.world.nowMs());
        store.report(report);
      },
      heartbeat: (heartbeat) => {
        this.checkRefutes(name, heartbeat.refutes ?? [], replica);
        store.heartbeat(heartbeat);
      },
      subscribe: (listener) =>
        store.subscribe((view) => {
          listener(view);
          if (freshnessOf(store.nowMs() - view.head.atMs) === "fresh") this.checkFollowed(name, view, replica.view);
        }),
    };
  }

  private checkReport(name: string, node: string, probed: boolean, lastMs: number | undefined): void {
    const nowMs = this.world.nowMs();
    if (lastMs !== undefined && nowMs - lastMs < reportsApartMs) {
      return this.violated("S15", `${name} reports ${node} twice within ${Math.round(nowMs - lastMs)} ms`);
    }
    if (!probed) return;
    if (!this.hasFailedProbe(name, node.replace(/^.*@/, "")))
      this.violated("S15", `${name} reports a failed probe of ${node}, and made none`);
  }

  /** Whether a probe of that process has failed just now. */
  private hasFailedProbe(process: string, address: string): boolean {
    const nowMs = this.world.nowMs();
    return this.facts
      .probesOf(address, nowMs - probeLongestMs)
      .some((fact) => fact.process === process && fact.outcome === "failed" && (fact.endedMs ?? 0) > nowMs - justNowMs);
  }

  private checkFollowed(name: string, view: View, followed: View | undefined): void {
    const isBehind =
      followed === undefined ||
      compareVersions(followed.topology.version, view.topology.version) < 0 ||
      compareVersions(followed.marks.version, view.marks.version) < 0;
    if (isBehind) this.violated("S16", `${name} does not go by the view that has just come`);
  }

  private checkRefutes(name: string, refutes: readonly string[], replica: WatchedReplica): void {
    const { view, isFresh } = replica;
    if (view === undefined || !isFresh) return;
    for (const { record, standing } of replica.nodes()) {
      const key = nodeKey(record);
      const isUsed = standing.state === "healthy" || standing.state === "unverified";
      if (view.marks.nodes[key]?.kind === "down" && isUsed && !refutes.includes(key))
        this.violated("S17", `${name} uses ${key} in spite of its mark, and does not refute it`);
    }
  }
}
