import { ClusterAccess, type RedisStoreOptions, systemTimers, type ViewStore } from "@rollcall/coordinator";
import { type Logger, latencyBuckets } from "@rollcall/core";
import type { PoolConfig } from "@rollcall/core/config";
import { type NodeLoad, partsOfAddress, type View } from "@rollcall/core/view";
import { ConnectionShare } from "../../../packages/worker/dist/cluster-state/connection-share.js";
import { IncidentMeter } from "../../../packages/worker/dist/cluster-state/incident-cost.js";
import { ViewSource } from "../../../packages/worker/dist/cluster-state/view-source.js";
import { createTable } from "../../../packages/worker/dist/table/layout.js";
import { TableWriter } from "../../../packages/worker/dist/table/writer.js";
import { keyOfNode, type MadeUpNodes, nodeCount } from "./made-up-nodes.js";

export const threads = 2;

export interface LogicalReplicaParts {
  readonly config: PoolConfig;
  readonly name: string;
  readonly openStore: (options: RedisStoreOptions) => ViewStore;
  readonly nodes: MadeUpNodes;
  readonly logger: Logger;
  readonly applied: (view: View) => void;
}

/**
 * One replica without threads, table and connections to nodes: all that it sends and receives over Redis is what a pool
 * sends and receives, by the pool's own code.
 */
export class LogicalReplica {
  private readonly source: ViewSource;
  private readonly access: ClusterAccess;
  view: View | undefined;

  constructor({ config, name, openStore, nodes, logger, applied }: LogicalReplicaParts) {
    this.access = new ClusterAccess(config, systemTimers, logger);
    const connectionShare = ConnectionShare.of({
      ...{ config, logger, replica: name },
      table: { writer: new TableWriter(createTable({ slots: 1, threads: 1 })), totals: { mostConnections: 0 } },
    });
    let answered = 0;
    const untroubled = () => ({ retries: 0, reroutes: 0, failed: 0, writeWaits: 0 });
    this.source = new ViewSource({
      ...{ config, openStore, logger, connectionShare },
      ...{ replica: name, timers: systemTimers, random: Math.random },
      access: this.access,
      controlClient: nodes,
      cluster: {
        apply: (view, _freshness, origin) => {
          if (origin === "own") return;
          this.view = view;
          applied(view);
        },
        ejectedKeys: () => [...nodes.dead].map(keyOfNode),
        avoided: () =>
          [...nodes.dead].map((dead) => ({
            ...({ node: keyOfNode(dead), state: "ejected", reason: "connection refused", forMs: 1_000 } as const),
          })),
        refutedKeys: () => [],
        probe: async (key) => {
          const address = key.slice(key.indexOf("@") + 1);
          if (partsOfAddress(address) === undefined) return { kind: "void", reason: "no such node" };
          return nodes.isDead(address) ? { kind: "unreachable", reason: "connection refused" } : { kind: "reached" };
        },
      },
      workload: {
        threads: () => this.threadHeartbeats(),
        load: () => ({ overMs: 10_000, requests: 5_000, failed: 0, queued: 0, nodes: loads }),
        answered: () => ++answered,
        requests: () => ({ begun: 500 * Math.floor(systemTimers.nowMs() / 1_000), pending: 0 }),
      },
      meter: new IncidentMeter(untroubled, () => systemTimers.nowMs()),
    });
  }

  start(): void {
    void this.access.start();
    this.source.start();
  }

  get isLeading(): boolean {
    return this.source.isLeading;
  }

  get isFresh(): boolean {
    return this.view !== undefined && this.source.freshness === "fresh";
  }

  report(number: number): void {
    this.source.report(keyOfNode(number), "connection refused", true);
  }

  async close(): Promise<void> {
    await this.source.close();
    this.access.close();
  }

  private threadHeartbeats() {
    const topology = this.view?.topology.version;
    return Array.from({ length: threads }, (_, thread) => ({
      ...{ thread, calls: 3, tasks: 0, state: "well" as const },
      ...(topology === undefined ? {} : { topology }),
    }));
  }
}

/** As a pool in full work names them: latencies of a dozen buckets, for each node. */
const loads: readonly NodeLoad[] = Array.from({ length: nodeCount }, (_, at) => ({
  ...{ node: keyOfNode(at + 1), requests: 100, errors: 0, inFlight: 1, sockets: 4 },
  latency: Array.from({ length: Math.min(latencyBuckets, 20) }, (_, bucket) => (bucket < 8 ? 0 : 9)),
}));
