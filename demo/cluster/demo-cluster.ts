import { present } from "@rollcall/core";
import { engineAvailability, engineVersions, startEngine } from "@rollcall/testing/engines";
import { startFixtureCluster } from "@rollcall/testing/fixture";
import type { Auth, Pool, PoolRequest } from "@rollcall/worker";
import type { Choice } from "../arguments.js";
import type { Load } from "../load/search-load.js";
import { fillIndex, searchOfWords } from "./searches.js";

/** The cluster that a run searches, and what a run may do to it. */
export interface DemoCluster {
  /** The pool's `nodes` option. */
  readonly nodes: readonly string[];
  readonly auth?: Auth;
  readonly load: Load;
  /** The node to kill; absent where the demo did not start the cluster. */
  readonly target?: Target;
  /** Writes what the searches look for, through `pool`. */
  prepare(pool: Pool): Promise<void>;
  /** What its nodes have counted so far; absent where they do not count. */
  controlRequests?(): Promise<ControlRequestCounts>;
  /** Ends and removes what was started. Always resolves. */
  close(): Promise<void>;
}

/** The requests of the watching itself, as opposed to searches. */
export interface ControlRequestCounts {
  readonly sniffs: number;
  readonly probes: number;
}

/** A process that a run kills and restarts. */
export interface Target {
  readonly name: string;
  /** SIGKILL; resolves when the process has ended. */
  kill(): Promise<void>;
  /** Resolves when it answers again. */
  restart(): Promise<void>;
}

/** A cluster that the demo has started. */
export interface OwnCluster extends DemoCluster {
  readonly target: Target;
}

/** Starts a cluster: OpenSearch where it is available, unless the choice is fixture nodes. Prints which. */
export async function openCluster(
  choice: Extract<Choice, { kind: "own" }>,
  print: (line: string) => void,
): Promise<OwnCluster> {
  if (choice.fixture) return fixtureCluster(print);

  const engine = await engineAvailability();
  if (!engine.available) {
    print(`no ${engine.missing.join(" and no ")} found: fixture nodes take the place of OpenSearch`);
    print(`to use OpenSearch: ${engine.hint}`);
    return fixtureCluster(print);
  }
  try {
    return await engineCluster(print);
  } catch (error) {
    const [why] = (error instanceof Error ? error.message : String(error)).split("\n");
    print(`OpenSearch could not be started: ${why}`);
    print("fixture nodes take its place");
    return fixtureCluster(print);
  }
}

/** Of a cluster that the demo starts. */
export const nodeCount = 3;

async function engineCluster(print: (line: string) => void): Promise<OwnCluster> {
  print(`starting three nodes of OpenSearch ${engineVersions.opensearch}: 10 to 30 s (--fixture: 1 s)`);
  const cluster = await startEngine({ kind: "opensearch", nodes: nodeCount, onProgress: print });
  const [first, target] = cluster.nodes;
  if (first === undefined || target === undefined) throw new Error("the engine started without nodes");
  return {
    nodes: [first.url],
    // Three JVMs share this machine with the demo: the load leaves them room to start and to elect.
    load: { searchers: 8, pauseMs: 25, search: searchOfWords },
    target: { name: target.name, kill: () => target.kill(), restart: () => target.start() },
    prepare: (pool) => fillIndex(pool, nodeCount),
    close: () => cluster.close(),
  };
}

async function fixtureCluster(print: (line: string) => void): Promise<OwnCluster> {
  const cluster = await startFixtureCluster({ nodes: nodeCount });
  const [first, target] = cluster.nodes;
  if (first === undefined || target === undefined) throw new Error("the fixture cluster started without nodes");
  print("three fixture nodes: small processes that answer like OpenSearch");
  return {
    nodes: [first.url],
    load: { searchers: 8, pauseMs: 10, search: searchOfWords },
    target: { name: target.name, kill: () => target.kill(), restart: () => target.restart() },
    prepare: (pool) => fillIndex(pool, nodeCount),
    controlRequests: async () => {
      const { sniff, probe } = (await cluster.stats()).requests;
      return { sniffs: sniff, probes: probe };
    },
    close: () => cluster.close(),
  };
}

/** An existing cluster, with a light load that only reads. Prints what that is. */
export function givenCluster(
  { nodes, auth }: Extract<Choice, { kind: "given" }>,
  print: (line: string) => void,
): DemoCluster {
  const load: Load = { searchers: 4, pauseMs: 400, search: () => harmlessRead };
  const perSecond = (load.searchers * 1_000) / load.pauseMs;
  print("The demo only reads your cluster: it writes nothing and kills no node. It sends");
  print(`  POST ${harmlessRead.path}, at most ${perSecond} a second`);
  print("  GET / and GET /_nodes/http, the probes and sniffs of the pool");
  return { nodes, ...present({ auth }), load, prepare: async () => {}, close: async () => {} };
}

const harmlessRead: PoolRequest = { method: "POST", path: "/_search?size=1&terminate_after=1&timeout=1s" };
