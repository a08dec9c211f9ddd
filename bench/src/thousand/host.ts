// Forked by thousand.ts: many logical replicas in one process, or the one that leads.
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { createRedisStore, type ViewStore } from "@rollcall/coordinator";
import type { Logger } from "@rollcall/core";
import { parsePoolConfig } from "@rollcall/core/config";
import type { View } from "@rollcall/core/view";
import { machineMs } from "../fleet/machine-clock.js";
import { LogicalReplica, threads } from "./logical-replica.js";
import { addressOfNode, MadeUpNodes } from "./made-up-nodes.js";

export type HostOrder =
  | { readonly order: "start"; readonly count: number; readonly perSecond: number }
  /** Answered once every replica has a fresh view, or with how many have after so long. */
  | { readonly order: "follow"; readonly withinMs: number }
  /** These nodes are dead from now on; so many replicas report each of them, spread over a time. */
  | { readonly order: "die"; readonly nodes: readonly number[]; readonly reporters: number; readonly overMs: number }
  /** Ends every replica and starts another in its place, one after the other. */
  | { readonly order: "replace"; readonly overMs: number }
  /** Answered with what was since the last time. */
  | { readonly order: "measure" }
  | { readonly order: "end" };

export interface HostMeasure {
  readonly cpuMs: number;
  readonly lagP99Ms: number;
  readonly lagMaxMs: number;
  readonly fresh: number;
  readonly replicas: number;
  readonly isLeading: boolean;
  /** By the version of marks: how many replicas have applied it, and when the last one did. */
  readonly applied: readonly (readonly [string, { readonly count: number; readonly lastMs: number }])[];
  /** When the leader began to publish them, and how many nodes they mark down. */
  readonly published: readonly (readonly [string, { readonly atMs: number; readonly down: number }])[];
  /** Warnings, by event. */
  readonly warnings: readonly (readonly [string, number])[];
}

const { url, index, mayLead, fleetPerNode } = JSON.parse(process.argv[2] ?? "{}") as HostSettings;

export interface HostSettings {
  readonly url: string;
  readonly index: number;
  readonly mayLead: boolean;
  readonly fleetPerNode: number;
}

const options = {
  ...{ nodes: [`http://${addressOfNode(1)}`], redis: url, name: "bench", threads, logger: false },
  ...{ coordinator: mayLead ? "candidate" : "external", connections: { fleetPerNode } },
} as const;
const config = parsePoolConfig(options, { cores: 2, heapLimitBytes: 4_294_967_296 });
const nodes = new MadeUpNodes();
const replicas = new Set<LogicalReplica>();
let started = 0;
let applied = new Map<string, { count: number; lastMs: number }>();
let published = new Map<string, { atMs: number; down: number }>();
let warnings = new Map<string, number>();
const lag = monitorEventLoopDelay({ resolution: 5 });
lag.enable();
let cpu = process.cpuUsage();

const count = (fields: object) => {
  const event = "event" in fields ? String(fields.event) : "?";
  warnings.set(event, (warnings.get(event) ?? 0) + 1);
};
const logger: Logger = { debug: () => {}, info: () => {}, warn: count, error: count };

function start(): void {
  const seen = new Set<string>();
  let isFirst = true;
  const replica = new LogicalReplica({
    ...{ config, nodes, logger, name: `replica-${index}-${++started}` },
    openStore: (opening) => watched(createRedisStore(opening)),
    applied: (view) => {
      const version = versionOf(view.marks);
      if (seen.has(version)) return;
      seen.add(version);
      // The view that a replica finds at its start was published before.
      if (isFirst) {
        isFirst = false;
        return;
      }
      const before = applied.get(version);
      applied.set(version, { count: (before?.count ?? 0) + 1, lastMs: machineMs() });
    },
  });
  replicas.add(replica);
  replica.start();
}

function watched(store: ViewStore): ViewStore {
  return new Proxy(store, {
    get(target, name) {
      if (name !== "publish") return Reflect.get(target, name, target);
      const publish: ViewStore["publish"] = (lease, publication) => {
        const { marks } = publication;
        if (marks !== undefined) {
          const down = Object.values(marks.nodes).filter(({ kind }) => kind === "down").length;
          published.set(versionOf(marks), { atMs: machineMs(), down });
        }
        return target.publish(lease, publication);
      };
      return publish;
    },
  });
}

function versionOf({ version: { epoch, sequence } }: Pick<View["marks"], "version">): string {
  return `${epoch}.${sequence}`;
}

function measure(): HostMeasure {
  const { user, system } = process.cpuUsage(cpu);
  cpu = process.cpuUsage();
  const found = {
    cpuMs: (user + system) / 1_000,
    ...{ lagP99Ms: lag.percentile(99) / 1e6 - 5, lagMaxMs: lag.max / 1e6 - 5 },
    fresh: [...replicas].filter(({ isFresh }) => isFresh).length,
    replicas: replicas.size,
    isLeading: [...replicas].some(({ isLeading }) => isLeading),
    ...{ applied: [...applied], published: [...published], warnings: [...warnings] },
  };
  lag.reset();
  [applied, published, warnings] = [new Map(), new Map(), new Map()];
  return found;
}

async function spread<Item>(items: readonly Item[], overMs: number, act: (item: Item) => void): Promise<void> {
  const beganMs = machineMs();
  for (const [at, item] of items.entries()) {
    const waitMs = beganMs + (overMs * at) / items.length - machineMs();
    if (waitMs > 1) await sleep(waitMs);
    act(item);
  }
}

async function carryOut(order: HostOrder): Promise<unknown> {
  switch (order.order) {
    case "start":
      return spread(Array.from({ length: order.count }), (order.count * 1_000) / order.perSecond, start);
    case "follow": {
      const untilMs = machineMs() + order.withinMs;
      const fresh = () => [...replicas].filter(({ isFresh }) => isFresh).length;
      while (fresh() < replicas.size && machineMs() < untilMs) await sleep(50);
      return fresh();
    }
    case "die": {
      nodes.dead = new Set(order.nodes);
      const reporters = [...replicas].slice(0, order.reporters);
      return spread(reporters, order.overMs, (replica) => {
        for (const node of order.nodes) replica.report(node);
      });
    }
    case "replace":
      return spread([...replicas], order.overMs, (replica) => {
        replicas.delete(replica);
        void replica.close();
        start();
      });
    case "measure":
      return measure();
    case "end":
      return Promise.all([...replicas].map((replica) => replica.close()));
  }
}

process.on("message", (order: HostOrder) => {
  void carryOut(order).then((answer) => process.send?.({ answer }));
});
process.once("disconnect", () => process.exit(0));
