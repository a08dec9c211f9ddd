import type { EngineCluster, EngineKind, EngineNode } from "@rollcall/testing/engines";
import { startEngine } from "@rollcall/testing/engines";
import type { FixtureFaults, FixtureNode, RequestFault } from "@rollcall/testing/fixture";
import { startFixtureCluster } from "@rollcall/testing/fixture";
import { index } from "./client.js";

/** A cluster of three nodes to which things can be done: fixture nodes or a real engine. */
export interface Stage extends AsyncDisposable {
  readonly urls: readonly string[];
  readonly nodes: readonly StageNode[];
  /** The one to be hurt, not the elected master: an election is no client's doing. */
  victim(): Promise<StageNode>;
  /** What the nodes have counted so far; undefined where they cannot. */
  counts(): Promise<StageCounts | undefined>;
  /** Resolves when all nodes have joined and every shard is where it should be. */
  untilGreen(): Promise<void>;
}

export interface StageNode {
  readonly name: string;
  readonly port: number;
  /** SIGSTOP */
  freeze(): void;
  /** SIGCONT */
  thaw(): void;
  /** SIGKILL */
  kill(): Promise<void>;
  /** Ends it as an operator would: SIGTERM to a real node. A fixture node has nothing to tidy up: SIGKILL. */
  stop(): Promise<void>;
  /** Starts it again; resolves when it answers. */
  start(): Promise<void>;
  /** How it answers searches from now on, also after a start. Fixture nodes only. */
  behave?(behaviour: Behaviour): Promise<void>;
}

export interface StageCounts {
  /** Requests for the list of nodes, at all nodes. */
  readonly sniffs: number;
  /** Searches that have reached each node, by its port, whatever became of them. */
  readonly searches: ReadonlyMap<number, number>;
}

/**
 * well   20 ms, and 45 ms for one search in twenty
 * slow   so many times as long
 * fails  this part of the searches gets 503 at once, the rest is well
 * hangs  no search is answered; whoever asks for anything else is
 * stalls this part of the searches takes 300 ms longer
 */
export type Behaviour =
  | { readonly is: "well" }
  | { readonly is: "slow"; readonly times: number }
  | { readonly is: "fails"; readonly part: number }
  | { readonly is: "hangs" }
  | { readonly is: "stalls"; readonly part: number };

export const searchMs = 20;
const longerMs = 25;
const longerPart = 0.05;
const stallMs = 300;

/** Said under the results. */
export const fixtureSearches = `a search takes ${searchMs} ms, and ${searchMs + longerMs} ms one time in ${1 / longerPart}`;

export function faultsOf(behaviour: Behaviour): FixtureFaults {
  const on = { kind: "other" } as const;
  const well = (times: number): RequestFault[] => [
    { kind: "delay", ms: searchMs * times, on },
    { kind: "delay", ms: longerMs * times, share: longerPart, on },
  ];
  switch (behaviour.is) {
    case "well":
      return { requests: well(1) };
    case "slow":
      return { requests: well(behaviour.times) };
    case "fails":
      return { requests: [{ kind: "reply", status: 503, body: unavailable, share: behaviour.part, on }, ...well(1)] };
    case "hangs":
      return { requests: [{ kind: "silence", on }] };
    case "stalls":
      return { requests: [{ kind: "delay", ms: stallMs, share: behaviour.part, on }, ...well(1)] };
  }
}

const unavailable = JSON.stringify({ error: { type: "unavailable", reason: "the node refuses" }, status: 503 });

export async function startFixtureStage(kind: EngineKind): Promise<Stage> {
  const cluster = await startFixtureCluster({ kind, faults: faultsOf({ is: "well" }) });
  const nodes = cluster.nodes.map(
    (node): StageNode => ({
      ...handlesOf(node),
      stop: () => node.kill(),
      start: () => node.restart(),
      behave: (behaviour) => node.set(faultsOf(behaviour)),
    }),
  );
  return {
    urls: cluster.urls,
    nodes,
    victim: async () => lastOf(nodes),
    async counts() {
      const all = await Promise.all(cluster.nodes.map(async (node) => [node.port, await node.counts()] as const));
      return {
        sniffs: all.reduce((sum, [, { requests }]) => sum + requests.sniff, 0),
        searches: new Map(all.map(([port, { requests }]) => [port, requests.other])),
      };
    },
    untilGreen: async () => {},
    [Symbol.asyncDispose]: () => cluster.close(),
  };
}

export async function startEngineStage(kind: EngineKind): Promise<Stage> {
  const cluster = await startEngine({ kind, onProgress: console.log });
  const nodes = cluster.nodes.map(
    (node): StageNode => ({
      ...handlesOf(node),
      stop: () => node.stop(),
      start: () => node.start(),
    }),
  );
  const stage: Stage = {
    urls: cluster.urls,
    nodes,
    async victim() {
      const [master] = (await ask(cluster, "GET", "/_cat/master?format=json")) as { node: string }[];
      return lastOf(nodes.filter(({ name }) => name !== master?.node));
    },
    // A node's own count of sniffs does not tell who of its clients has asked, and is gone with its process.
    counts: async () => undefined,
    async untilGreen() {
      await cluster.waitForNodes(nodes.length);
      await ask(cluster, "GET", `/_cluster/health/${index}?wait_for_status=green&timeout=55s`);
    },
    [Symbol.asyncDispose]: () => cluster.close(),
  };
  try {
    await fill(cluster);
    await stage.untilGreen();
  } catch (error) {
    await cluster.close();
    throw error;
  }
  return stage;
}

/** What is done alike to a fixture node and to a real one. */
function handlesOf(node: FixtureNode | EngineNode): Pick<StageNode, "name" | "port" | "freeze" | "thaw" | "kill"> {
  const { name, port } = node;
  return { name, port, freeze: () => node.pause(), thaw: () => node.resume(), kill: () => node.kill() };
}

function lastOf(nodes: readonly StageNode[]): StageNode {
  const last = nodes.at(-1);
  if (last === undefined) throw new Error("a cluster without nodes");
  return last;
}

/** One shard, a copy on every node: each can answer every search by itself. */
async function fill(cluster: EngineCluster): Promise<void> {
  await ask(cluster, "PUT", `/${index}`, { settings: { number_of_shards: 1, number_of_replicas: 2 } });
  for (let document = 0; document < 100; document++) {
    const body = { number: document, message: "an ordinary line of a log" };
    await ask(cluster, "PUT", `/${index}/_doc/${document}`, body);
  }
  await ask(cluster, "POST", `/${index}/_refresh`);
}

const askTimeoutMs = 60_000;

async function ask({ urls: [url = ""] }: EngineCluster, method: string, path: string, body?: object): Promise<unknown> {
  const response = await fetch(url + path, {
    method,
    headers: { "content-type": "application/json" },
    signal: AbortSignal.timeout(askTimeoutMs),
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${method} ${path}: status ${response.status}`);
  return response.json();
}
