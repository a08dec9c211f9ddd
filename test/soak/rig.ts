import {
  type FixtureCluster,
  type FixtureFaults,
  type FixtureNode,
  startFixtureCluster,
} from "@rollcall/testing/fixture";
import { type RedisServer, startRedis } from "@rollcall/testing/redis";
import { type CoordinatorProcess, startCoordinatorProcess } from "../support/coordinator-process.js";
import type { SoakReplicaOptions } from "./messages.js";
import { type SoakReplica, startSoakReplica } from "./replica.js";

const nodes = 4;
/** Few, so that an overload needs few calls. */
const perNode = 6;
const overloadDelayMs = 300;
const overloadTimes = 3;

export const wellNode: FixtureFaults = { requests: [{ kind: "delay", ms: 8, on: { kind: "other" } }] };
export const slowNode: FixtureFaults = {
  requests: [
    { kind: "reply", status: 429, share: 0.05, on: { kind: "other" } },
    { kind: "delay", ms: overloadDelayMs, on: { kind: "other" } },
  ],
};

/** All processes of the soak: nodes, Redis, a coordinator, and four replicas, two of them with threads. */
export interface Rig extends AsyncDisposable {
  readonly cluster: FixtureCluster;
  readonly redis: RedisServer;
  readonly replicas: readonly SoakReplica[];
  readonly coordinator: CoordinatorProcess;
  restartCoordinator(): Promise<void>;
  /** Of all processes but Redis that run just now. */
  pids(): readonly number[];
  /** So many connections may be open at one node. */
  readonly socketsMax: number;
  /** Each replica calls three times as much as its connections to slow nodes can carry; then no more. */
  surge(isOn: boolean): void;
}

const hedgedAndAdaptive = { hedge: true, queue: { adaptive: true } } as const;
const poolsOf = [
  { name: "direct", threads: 0, coordinator: "candidate" },
  { name: "threaded", threads: 2, coordinator: "external" },
  { name: "direct-tuned", threads: 0, coordinator: "external", ...hedgedAndAdaptive },
  { name: "threaded-tuned", threads: 2, coordinator: "external", ...hedgedAndAdaptive },
] as const;

export async function startRig(seed: number, onLine: (process: string, text: string) => void): Promise<Rig> {
  const parts: AsyncDisposable[] = [];
  const close = async () => {
    for (const part of parts.reverse()) await part[Symbol.asyncDispose]();
  };
  const keep = <Part extends AsyncDisposable>(part: Part): Part => {
    parts.push(part);
    return part;
  };
  try {
    const redis = keep(await startRedis());
    const cluster = keep(await startFixtureCluster({ nodes, faults: wellNode }));
    const place = { nodes: [...cluster.urls], redis: redis.url, name: "soak" };
    const startCoordinator = () => startCoordinatorProcess({ ...place, nodes: [...cluster.urls] });
    let coordinator = await startCoordinator();
    keep({ [Symbol.asyncDispose]: () => coordinator[Symbol.asyncDispose]() });
    const replicas: SoakReplica[] = [];
    for (const [at, { name, ...pool }] of poolsOf.entries()) {
      const options: SoakReplicaOptions = {
        name,
        seed: seed + at,
        pool: { ...place, ...pool, connections: { perNode } },
      };
      replicas.push(keep(await startSoakReplica(options, (level, text) => onLine(name, `${level} ${text}`))));
    }
    const sending = poolsOf.reduce((sum, { threads }) => sum + Math.max(1, threads), 0);
    return {
      cluster,
      redis,
      replicas,
      get coordinator() {
        return coordinator;
      },
      async restartCoordinator() {
        coordinator = await startCoordinator();
      },
      pids: () => [
        ...[coordinator, ...replicas].flatMap(({ process }) => (process.alive ? [process.pid] : [])),
        ...cluster.nodes.flatMap(pidOf),
      ],
      // Beside those of requests, a process probes by two at most.
      socketsMax: sending * perNode + (poolsOf.length + 1) * 2,
      surge(isOn) {
        for (const [at, replica] of replicas.entries()) {
          const threads = Math.max(1, poolsOf[at]?.threads ?? 0);
          const carriedPerSecond = (nodes * perNode * threads * 1_000) / overloadDelayMs;
          replica.surge(isOn ? overloadTimes * carriedPerSecond : 0);
        }
      },
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function pidOf(node: FixtureNode): number[] {
  try {
    return [node.pid];
  } catch {
    return []; // it does not run
  }
}
