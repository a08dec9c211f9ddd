import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { waitUntil } from "@rollcall/testing";
import { startRedis } from "@rollcall/testing/redis";
import type { NodeEvent } from "@rollcall/worker";
import { type DemoCluster, nodeCount, type Target } from "../cluster/demo-cluster.js";
import { isInUse } from "../node-history.js";
import { startCoordinator } from "./coordinator.js";
import { type Replica, startReplica } from "./replica.js";
import type { FromReplica } from "./replica-messages.js";
import { ReplicaRecord } from "./replica-record.js";

/** Replicas that share the view of one coordinator over a Redis of their own. Each is a process. */
export interface Fleet extends Replicas {
  readonly redis: Target;
  readonly coordinator: Target;
  /** Ends and removes what was started. Always resolves. */
  close(): Promise<void>;
}

export interface Replicas {
  /** One for each replica, kept up to date. */
  readonly records: readonly ReplicaRecord[];
  /** Searches begin, and so does the clock of all times. */
  begin(listener: FleetListener): void;
  /** On that clock; 0 before it begins. */
  elapsedMs(): number;
  /** No new search. Resolves when the last ones have ended; `cutShort`: without waiting for them. */
  end(how: { readonly cutShort: boolean }): Promise<void>;
}

/** Each call names the replica. */
export interface FleetListener {
  readonly nodeChanged: (replica: string, event: NodeEvent) => void;
  readonly degraded: (replica: string, reason: string) => void;
}

export interface FleetOptions {
  readonly cluster: Pick<DemoCluster, "nodes" | "load">;
  readonly searchTimeoutMs: number;
  /** A process has ended that was neither killed nor closed. */
  readonly onLoss: (error: Error) => void;
}

export const replicaCount = 2;
export const threadsEach = 2;

const viewName = "demo";
const readyTimeoutMs = 60_000;

/** Whether redis-server can be started here. */
export async function canStartRedis(): Promise<boolean> {
  try {
    await promisify(execFile)("redis-server", ["--version"]);
    return true;
  } catch {
    return false;
  }
}

/** Resolves when every replica has the coordinator's view, all nodes in use and its threads running. */
export async function openFleet(options: FleetOptions): Promise<Fleet> {
  const { nodes } = options.cluster;
  let loss: Error | undefined;
  const onLoss = (error: Error) => {
    loss ??= error;
    options.onLoss(error);
  };
  const started: { close(): Promise<void> }[] = [];
  const close = async () => {
    // The last one first, so that none loses what it depends on.
    for (const one of started.reverse()) await one.close().catch(() => {});
  };
  try {
    const redis = await startRedis();
    started.push(redis);
    const coordinator = await startCoordinator({ nodes, redis: redis.url, name: viewName }, onLoss);
    started.push(coordinator);
    const replicas = await openReplicas(redis.url, { ...options, onLoss });
    started.push(replicas);
    await waitUntil(
      "every replica is ready",
      () => {
        if (loss !== undefined) throw loss;
        return replicas.records.every(isReady);
      },
      { timeoutMs: readyTimeoutMs },
    );
    return {
      ...replicas,
      redis: { name: "Redis", kill: () => redis.kill(), restart: () => redis.restart() },
      coordinator,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function isReady({ report }: ReplicaRecord): boolean {
  return (
    report?.view?.freshness === "fresh" &&
    report.nodes.filter(({ state }) => isInUse(state)).length === nodeCount &&
    report.threads.length === threadsEach &&
    report.threads.every(({ state }) => state === "well")
  );
}

async function openReplicas(redis: string, options: FleetOptions): Promise<Replicas & { close(): Promise<void> }> {
  const { cluster, searchTimeoutMs, onLoss } = options;
  const { nodes, load } = cluster;
  let beganMs: number | undefined;
  let listener: FleetListener | undefined;
  const elapsedMs = () => (beganMs === undefined ? 0 : performance.now() - beganMs);
  const records = Array.from({ length: replicaCount }, (_, at) => new ReplicaRecord(`replica ${at + 1}`));
  const settings = {
    pool: { nodes, redis, name: viewName, coordinator: "external", threads: threadsEach, timeoutMs: searchTimeoutMs },
    rate: { searchers: Math.ceil(load.searchers / replicaCount), pauseMs: load.pauseMs },
  } as const;

  const receive = (record: ReplicaRecord, message: Exclude<FromReplica, { type: "ended" }>) => {
    switch (message.type) {
      case "report":
        return record.receiveReport(message.report, elapsedMs());
      case "node":
        record.receiveEvent(message.event, elapsedMs());
        return listener?.nodeChanged(record.name, message.event);
      case "degraded":
        return listener?.degraded(record.name, message.reason);
    }
  };
  const started = await Promise.allSettled(
    records.map((record) =>
      startReplica(settings, {
        onMessage: (message) => receive(record, message),
        onExit: (how) => onLoss(new Error(`${record.name} has ended (${how})`)),
      }),
    ),
  );
  const replicas = started.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  const all = async (call: (replica: Replica) => Promise<void>) => void (await Promise.all(replicas.map(call)));
  const failure = started.find((one) => one.status === "rejected");
  if (failure !== undefined) {
    await all((replica) => replica.close());
    throw failure.reason;
  }
  return {
    records,
    elapsedMs,
    begin(given) {
      listener = given;
      beganMs = performance.now();
      for (const replica of replicas) replica.begin();
    },
    end: (how) => all((replica) => replica.end(how)),
    close: () => all((replica) => replica.close()),
  };
}
