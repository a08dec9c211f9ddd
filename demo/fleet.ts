import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { NodeEvent } from "@rollcall/worker";
import { type DemoCluster, nodeCount, type Victim } from "./cluster.js";
import { type Replica, startReplica } from "./replica.js";
import type { FromReplica } from "./replica-messages.js";
import { ReplicaRecord } from "./replica-record.js";
import { isInUse } from "./story.js";
import { type CoordinatorProcess, startCoordinatorProcess, startRedis, waitUntil } from "./test-support.js";

/** Replicas that share one view of the cluster, and what keeps it for them: each a process, on a Redis of their own. */
export interface Fleet extends Searchers {
  readonly redis: Victim;
  readonly coordinator: Victim;
  /** Ends and removes what was started. Always resolves. */
  close(): Promise<void>;
}

export interface Searchers {
  /** One for each replica, kept up to date. */
  readonly records: readonly ReplicaRecord[];
  /** Searches begin, and so does the clock of all times. */
  begin(listener: FleetListener): void;
  /** On that clock; 0 before it begins. */
  elapsedMs(): number;
  /** No new search. Resolves when the last ones are over; `cutShort`: they are not waited for. */
  end(how: { cutShort: boolean }): Promise<void>;
}

/** Told by which replica, by its name. */
export interface FleetListener {
  /** A node's standing has changed. */
  readonly moved: (replica: string, event: NodeEvent) => void;
  readonly degraded: (replica: string, reason: string) => void;
}

export interface FleetOptions {
  readonly cluster: Pick<DemoCluster, "nodes" | "load">;
  readonly searchTimeoutMs: number;
  /** A process has ended that nobody has killed. */
  readonly lost: (error: Error) => void;
}

export const replicaCount = 2;
export const threadsEach = 2;

const viewName = "demo";
const readyTimeoutMs = 60_000;
/** A coordinator that is told to end gives its lease back. */
const stopGraceMs = 3_000;

/** Whether this machine has a Redis to start. */
export async function canStartRedis(): Promise<boolean> {
  try {
    await promisify(execFile)("redis-server", ["--version"]);
    return true;
  } catch {
    return false;
  }
}

/**
 * Starts Redis, a coordinator and replicas. Resolves when every replica follows the coordinator's view, knows all nodes
 * by it, and has its threads running.
 */
export async function openFleet(options: FleetOptions): Promise<Fleet> {
  const { nodes } = options.cluster;
  let loss: Error | undefined;
  const lost = (error: Error) => {
    loss ??= error;
    options.lost(error);
  };
  const started: { close(): Promise<void> }[] = [];
  const close = async () => {
    // The last one first: nobody is to miss what is taken away.
    for (const one of started.reverse()) await one.close().catch(() => {});
  };
  try {
    const redis = await startRedis();
    started.push(redis);
    const coordinator = await openCoordinator(nodes, redis.url, lost);
    started.push(coordinator);
    const replicas = await openReplicas(redis.url, { ...options, lost });
    started.push(replicas);
    const isReady = ({ report }: ReplicaRecord) =>
      report?.view?.freshness === "fresh" &&
      report.nodes.filter(({ state }) => isInUse(state)).length === nodeCount &&
      report.threads.length === threadsEach &&
      report.threads.every(({ state }) => state === "well");
    const areReady = () => {
      if (loss !== undefined) throw loss;
      return replicas.records.every(isReady);
    };
    await waitUntil("every replica is ready", areReady, { timeoutMs: readyTimeoutMs });
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

type Closable<T> = T & { close(): Promise<void> };

async function openCoordinator(
  nodes: readonly string[],
  redis: string,
  lost: FleetOptions["lost"],
): Promise<Closable<Victim>> {
  let running: CoordinatorProcess | undefined;
  let closed = false;
  const kill = async () => {
    const killed = running;
    running = undefined;
    await killed?.process.kill();
  };
  const start = async () => {
    const started = await startCoordinatorProcess({ nodes, redis, name: viewName });
    running = started;
    void started.process.gone.then(({ code, signal }) => {
      if (running === started) lost(new Error(`the coordinator has ended (${signal ?? code})`));
    });
    if (closed) await kill();
  };
  await start();
  return {
    name: "the coordinator",
    kill,
    restart: start,
    async close() {
      closed = true;
      const stopped = running;
      running = undefined;
      await stopped?.process.stop(stopGraceMs);
    },
  };
}

async function openReplicas(redis: string, options: FleetOptions): Promise<Closable<Searchers>> {
  const { cluster, searchTimeoutMs, lost } = options;
  const { nodes, load } = cluster;
  let beganMs: number | undefined;
  let listener: FleetListener | undefined;
  const elapsedMs = () => (beganMs === undefined ? 0 : performance.now() - beganMs);
  const records = Array.from({ length: replicaCount }, (_, at) => new ReplicaRecord(`replica ${at + 1}`));
  const settings = {
    pool: { nodes, redis, name: viewName, coordinator: "external", threads: threadsEach, timeoutMs: searchTimeoutMs },
    rate: { searchers: Math.ceil(load.searchers / replicaCount), pauseMs: load.pauseMs },
  } as const;

  const hear = (record: ReplicaRecord, message: Exclude<FromReplica, { type: "ended" }>) => {
    switch (message.type) {
      case "report":
        return record.heard(message.report, elapsedMs());
      case "node":
        record.heardOf(message.event, elapsedMs());
        return listener?.moved(record.name, message.event);
      case "degraded":
        return listener?.degraded(record.name, message.reason);
    }
  };
  const started = await Promise.allSettled(
    records.map((record) =>
      startReplica(settings, {
        told: (message) => hear(record, message),
        lost: (how) => lost(new Error(`${record.name} has ended (${how})`)),
      }),
    ),
  );
  const replicas = started.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  const all = async (does: (replica: Replica) => Promise<void>) => void (await Promise.all(replicas.map(does)));
  const failure = started.find((one) => one.status === "rejected");
  if (failure !== undefined) {
    await all((replica) => replica.close());
    throw failure.reason;
  }
  return {
    records,
    elapsedMs,
    begin(told) {
      listener = told;
      beganMs = performance.now();
      for (const replica of replicas) replica.begin();
    },
    end: (how) => all((replica) => replica.end(how)),
    close: () => all((replica) => replica.close()),
  };
}
