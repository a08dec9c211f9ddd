import type { Auth, Pool, PoolRequest } from "@rollcall/worker";
import type { Choice } from "./arguments.js";
import { engineAvailability, engineVersions, startEngine, startFixtureCluster, waitUntil } from "./test-support.js";
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
  /** How often its nodes were asked for their list of members; absent where nobody counts. */
  sniffs?(): Promise<number>;
  /** Ends and removes what was started. Always resolves. */
  close(): Promise<void>;
}

export interface Victim {
  readonly name: string;
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>;
  /** Resolves when the node answers again. */
  restart(): Promise<void>;
}

/** Opens the cluster that was asked for, saying what it is. `say` gets whole lines. */
export async function openCluster(
  choice: Extract<Choice, { kind: "own" | "given" }>,
  say: (line: string) => void,
): Promise<DemoCluster> {
  if (choice.kind === "given") return givenCluster(choice, say);
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

const nodeCount = 3;
const index = "rollcall-demo";

async function engineCluster(say: (line: string) => void): Promise<DemoCluster> {
  say(`three nodes of OpenSearch ${engineVersions.opensearch}; starting them takes 10 to 30 s (--fixture: 1 s)`);
  const cluster = await startEngine({ kind: "opensearch", nodes: nodeCount, onProgress: say });
  const [first, victim] = cluster.nodes;
  if (first === undefined || victim === undefined) throw new Error("the engine came without nodes");
  return {
    nodes: [first.url],
    // Three Java processes share this machine with us: the load leaves them room to start and to elect.
    load: { searchers: 8, pauseMs: 25, search: searchOfWords },
    victim: { name: victim.name, kill: () => victim.kill(), restart: () => victim.start() },
    prepare: fillIndex,
    close: () => cluster.close(),
  };
}

async function fixtureCluster(say: (line: string) => void): Promise<DemoCluster> {
  const cluster = await startFixtureCluster({ nodes: nodeCount });
  const [first, victim] = cluster.nodes;
  if (first === undefined || victim === undefined) throw new Error("the fixture came without nodes");
  say("three fixture nodes: small processes that answer as OpenSearch does");
  return {
    nodes: [first.url],
    load: { searchers: 8, pauseMs: 10, search: searchOfWords },
    victim: { name: victim.name, kill: () => victim.kill(), restart: () => victim.restart() },
    prepare: fillIndex,
    sniffs: async () => (await cluster.stats()).requests.sniff,
    close: () => cluster.close(),
  };
}

function givenCluster({ nodes, auth }: Extract<Choice, { kind: "given" }>, say: (line: string) => void): DemoCluster {
  const load: Load = { searchers: 4, pauseMs: 400, search: () => harmlessRead };
  const perSecond = (load.searchers * 1_000) / load.pauseMs;
  say("your cluster is only read: nothing is written, and no node is killed. It gets");
  say(`  POST ${harmlessRead.path}, at most ${perSecond} a second`);
  say("  GET / and GET /_nodes/http, the probes and sniffs of every pool");
  return { nodes, ...(auth === undefined ? {} : { auth }), load, prepare: async () => {}, close: async () => {} };
}

const harmlessRead: PoolRequest = { method: "POST", path: "/_search?size=1&terminate_after=1&timeout=1s" };

const words = ["amber", "birch", "cedar", "dune", "ember", "fjord", "grove", "heath"];
const documentCount = 400;
let asked = 0;

function searchOfWords(): PoolRequest {
  const word = words[asked++ % words.length];
  return { method: "POST", path: `/${index}/_search`, body: { size: 5, query: { match: { text: word } } } };
}

/** A few hundred small documents, a copy of each on every node, so that any node can answer alone. */
async function fillIndex(pool: Pool): Promise<void> {
  await waitUntil("the pool has found all nodes", () => pool.nodes().filter(isUp).length === nodeCount);
  const settings = { number_of_shards: 1, number_of_replicas: nodeCount - 1 };
  (await pool.request({ method: "PUT", path: `/${index}`, body: { settings } })).throwIfError();
  const lines = Array.from({ length: documentCount }, (_, at) => [
    { index: { _id: `${at}` } },
    { text: `${words[at % words.length]} ${words[(at * 3 + 1) % words.length]}`, number: at },
  ]);
  const query = { refresh: "true" };
  (await pool.request({ method: "POST", path: `/${index}/_bulk`, query, ndjson: lines.flat() })).throwIfError();
  const green = { wait_for_status: "green", timeout: "20s" };
  (await pool.request({ method: "GET", path: `/_cluster/health/${index}`, query: green })).throwIfError();
}

function isUp({ state }: { readonly state: string }): boolean {
  return state === "up" || state === "ramp";
}
