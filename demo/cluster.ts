import type { Auth, Pool, PoolRequest } from "@rollcall/worker";
import type { Choice } from "./arguments.js";
import { fillIndex, searchOfWords } from "./searches.js";
import { engineAvailability, engineVersions, startEngine, startFixtureCluster } from "./test-support.js";
import type { Load } from "./traffic.js";

/** A cluster to send searches to, and what may be done to it. */
export interface DemoCluster {
  /** What the pool is told. */
  readonly nodes: readonly string[];
  readonly auth?: Auth;
  readonly load: Load;
  /** The node to kill; absent where the cluster is not ours. */
  readonly victim?: Victim;
  /** Makes it ready to be searched through `pool`. */
  prepare(pool: Pool): Promise<void>;
  /** How often its nodes have been asked so far; absent where nobody counts. */
  asked?(): Promise<Asked>;
  /** Ends and removes what was started. Always resolves. */
  close(): Promise<void>;
}

/** How often the nodes were asked for their list of members, and whether they are well. */
export interface Asked {
  readonly sniffs: number;
  readonly probes: number;
}

/** A process that the story kills and brings back. */
export interface Victim {
  readonly name: string;
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>;
  /** Resolves when it answers again. */
  restart(): Promise<void>;
}

/** A cluster that we have started, to do with as we like. */
export interface OwnCluster extends DemoCluster {
  readonly victim: Victim;
}

/** Starts a cluster, the real engine if it can be had and is wanted, saying what it is. `say` gets whole lines. */
export async function openCluster(
  choice: Extract<Choice, { kind: "own" }>,
  say: (line: string) => void,
): Promise<OwnCluster> {
  if (choice.fixture) return fixtureCluster(say);

  const engine = await engineAvailability();
  if (!engine.available) {
    say(`no ${engine.missing.join(" and no ")} here: fixture nodes stand in for OpenSearch`);
    say(`to have the real one: ${engine.hint}`);
    return fixtureCluster(say);
  }
  try {
    return await engineCluster(say);
  } catch (error) {
    const [why] = (error instanceof Error ? error.message : String(error)).split("\n");
    say(`OpenSearch could not be started: ${why}`);
    say("fixture nodes stand in for it");
    return fixtureCluster(say);
  }
}

/** Of a cluster of ours. */
export const nodeCount = 3;

async function engineCluster(say: (line: string) => void): Promise<OwnCluster> {
  say(`three nodes of OpenSearch ${engineVersions.opensearch}; their start takes 10 to 30 s (--fixture: 1 s)`);
  const cluster = await startEngine({ kind: "opensearch", nodes: nodeCount, onProgress: say });
  const [first, victim] = cluster.nodes;
  if (first === undefined || victim === undefined) throw new Error("the engine came without nodes");
  return {
    nodes: [first.url],
    // Three Java processes share this machine with us: the load leaves them room to start and to elect.
    load: { searchers: 8, pauseMs: 25, search: searchOfWords },
    victim: { name: victim.name, kill: () => victim.kill(), restart: () => victim.start() },
    prepare: (pool) => fillIndex(pool, nodeCount),
    close: () => cluster.close(),
  };
}

async function fixtureCluster(say: (line: string) => void): Promise<OwnCluster> {
  const cluster = await startFixtureCluster({ nodes: nodeCount });
  const [first, victim] = cluster.nodes;
  if (first === undefined || victim === undefined) throw new Error("the fixture came without nodes");
  say("three fixture nodes: small processes that answer as OpenSearch does");
  return {
    nodes: [first.url],
    load: { searchers: 8, pauseMs: 10, search: searchOfWords },
    victim: { name: victim.name, kill: () => victim.kill(), restart: () => victim.restart() },
    prepare: (pool) => fillIndex(pool, nodeCount),
    asked: async () => {
      const { sniff, probe } = (await cluster.stats()).requests;
      return { sniffs: sniff, probes: probe };
    },
    close: () => cluster.close(),
  };
}

/** Somebody's cluster, with a load that harms nobody, saying what it gets. */
export function givenCluster(
  { nodes, auth }: Extract<Choice, { kind: "given" }>,
  say: (line: string) => void,
): DemoCluster {
  const load: Load = { searchers: 4, pauseMs: 400, search: () => harmlessRead };
  const perSecond = (load.searchers * 1_000) / load.pauseMs;
  say("your cluster is only read: nothing is written, and no node is killed. It gets");
  say(`  POST ${harmlessRead.path}, at most ${perSecond} a second`);
  say("  GET / and GET /_nodes/http, the probes and sniffs of every pool");
  return { nodes, ...(auth === undefined ? {} : { auth }), load, prepare: async () => {}, close: async () => {} };
}

const harmlessRead: PoolRequest = { method: "POST", path: "/_search?size=1&terminate_after=1&timeout=1s" };
