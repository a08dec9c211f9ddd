import { fork } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { own } from "../../test/dist/support/child-processes.js";
import type { EngineCluster, EngineNode } from "../../test/dist/support/engines/contract.js";
import { startEngine } from "../../test/dist/support/engines/index.js";
import {
  type ClientTale,
  type FollowerName,
  followerNames,
  restMs,
  type SearchCall,
  slots,
  sniffEveryMs,
} from "./killed-node-client.js";
import { type Report, table } from "./report.js";

interface Extent {
  readonly rounds: number;
  readonly healthyMs: number;
  readonly downMs: number;
  readonly backMs: number;
}

const fullExtent: Extent = { rounds: 2, healthyMs: 5_000, downMs: 15_000, backMs: 40_000 };
const quickExtent: Extent = { rounds: 1, healthyMs: 2_000, downMs: 4_000, backMs: 4_000 };
/** Connections are opened, code is compiled. */
const warmUpMs = 3_000;
const answerTimeoutMs = 60_000;
const index = "bench";

/**
 * One of three real nodes is killed under a load of searches, and comes back: what each client's callers see of it. All
 * run one after the other, in turns, on the same cluster: Elasticsearch 7.17, because all three clients can talk to it.
 */
export async function killedNode({ quick }: { readonly quick: boolean }): Promise<Report> {
  const extent = quick ? quickExtent : fullExtent;
  await using cluster = await startEngine({ kind: "elasticsearch", onProgress: console.log });
  await fill(cluster);
  const rows: string[][] = [];
  const stories: string[] = [];
  for (let round = 0; round < extent.rounds; round++) {
    const first = round % followerNames.length;
    for (const name of [...followerNames.slice(first), ...followerNames.slice(0, first)]) {
      console.log(`round ${round + 1}, ${name}`);
      const run = await runOne(name, cluster, extent);
      rows.push([`${name}, round ${round + 1}`, ...figures(run)]);
      if (run.changes.length > 0) stories.push(`- round ${round + 1}: ${story(run)}`);
    }
  }
  rows.sort((a, b) => rank(a) - rank(b));
  const body =
    `${slots} slots, each searching, resting ${restMs} ms, and searching again; three nodes of Elasticsearch 7.17, one JVM ` +
    `each. After ${seconds(extent.healthyMs)} healthy seconds one node, not the elected master, is SIGKILLed; it is started again ` +
    `after ${seconds(extent.downMs)} s, and ${seconds(extent.backMs)} s follow from when it answers. All clients know all three nodes and ` +
    `sniff at the start, every ${seconds(sniffEveryMs)} s and when a connection fails.\n\n` +
    "- *errors*: calls without an answer of status 200, from the first healthy second to the end\n" +
    "- *slowest*: the longest call from the kill to the restart\n" +
    "- *worst second*: answers in the worst whole second from the kill to the restart, in % of the healthy mean\n" +
    "- *sniffs*: requests for the list of nodes that the two other nodes count from the kill to the restart\n" +
    "- *first use*: from when the node answers again to the first answer that the client has from it\n" +
    "- *share at the end*: the returned node's part of the answers in the last third after its return; 33 % is fair\n\n" +
    table(["", "answers", "errors", "slowest", "worst second", "sniffs", "first use", "share at the end"], rows) +
    `\n\nWhat Rollcall said of the killed node, in seconds from the kill and from when the node answered again:\n\n${stories.join("\n")}\n`;
  return { title: "A killed node", body };
}

function rank([label = ""]: readonly string[]): number {
  return followerNames.findIndex((name) => label.startsWith(name));
}

/** What happened to one client, with the moments that divide it. Times are of the system's clock. */
interface Run extends ClientTale {
  readonly sniffs: number;
  /** Of the killed node. */
  readonly port: number;
  readonly healthyFromMs: number;
  readonly killedAtMs: number;
  readonly restartedAtMs: number;
  readonly backAtMs: number;
  readonly endedAtMs: number;
}

async function runOne(name: FollowerName, cluster: EngineCluster, extent: Extent): Promise<Run> {
  await cluster.waitForNodes(cluster.nodes.length);
  await untilGreen(cluster);
  const victim = await nodeToKill(cluster);
  const others = cluster.nodes.filter((node) => node !== victim);
  const client = await startClient(name, cluster.urls);
  try {
    await sleep(warmUpMs);
    const healthyFromMs = Date.now();
    await sleep(extent.healthyMs);
    const sniffsBefore = await sniffsAnswered(others);
    const killedAtMs = Date.now();
    await victim.kill();
    await sleep(extent.downMs);
    const sniffs = (await sniffsAnswered(others)) - sniffsBefore;
    const restartedAtMs = Date.now();
    await victim.start();
    const backAtMs = Date.now();
    await sleep(extent.backMs);
    const endedAtMs = Date.now();
    const { calls, changes } = await client.finish();
    return {
      calls,
      changes,
      sniffs,
      port: victim.port,
      healthyFromMs,
      killedAtMs,
      restartedAtMs,
      backAtMs,
      endedAtMs,
    };
  } finally {
    await client.stop();
    if (!(await answers(victim))) await victim.start();
  }
}

function figures(run: Run): string[] {
  const answered = run.calls.filter(({ error }) => error === undefined);
  const errors = run.calls.filter(({ error, endedAtMs }) => error !== undefined && endedAtMs >= run.healthyFromMs);
  const kinds = [...new Set(errors.map(({ error }) => error))].join(", ");
  // Those that began before the restart, so that a call which outlasts the outage is not forgotten.
  const whileDown = run.calls.filter(
    ({ endedAtMs, tookMs }) => endedAtMs >= run.killedAtMs && endedAtMs - tookMs < run.restartedAtMs,
  );
  const healthyPerSecond =
    (between(answered, run.healthyFromMs, run.killedAtMs).length * 1_000) / (run.killedAtMs - run.healthyFromMs);
  let worstSecond = Number.POSITIVE_INFINITY;
  for (let fromMs = run.killedAtMs; fromMs + 1_000 <= run.restartedAtMs; fromMs += 1_000) {
    worstSecond = Math.min(worstSecond, between(answered, fromMs, fromMs + 1_000).length);
  }
  const afterReturn = answered.filter(({ port, endedAtMs }) => port === run.port && endedAtMs > run.restartedAtMs);
  const firstUse = afterReturn[0] === undefined ? undefined : Math.max(0, afterReturn[0].endedAtMs - run.backAtMs);
  const lastThird = between(answered, run.endedAtMs - (run.endedAtMs - run.backAtMs) / 3, run.endedAtMs);
  const share = lastThird.filter(({ port }) => port === run.port).length / lastThird.length;
  return [
    String(answered.length),
    errors.length === 0 ? "0" : `${errors.length} (${kinds})`,
    `${Math.max(...whileDown.map(({ tookMs }) => tookMs)).toFixed(0)} ms`,
    `${((worstSecond / healthyPerSecond) * 100).toFixed(0)} %`,
    String(run.sniffs),
    firstUse === undefined ? "never" : `${(firstUse / 1_000).toFixed(1)} s`,
    `${(share * 100).toFixed(0)} %`,
  ];
}

function story({ changes, port, killedAtMs, backAtMs }: Run): string {
  return changes
    .filter((change) => change.port === port && change.atMs >= killedAtMs)
    .map(({ atMs, to }) =>
      to === "ejected" || to === "down"
        ? `${to} after ${((atMs - killedAtMs) / 1_000).toFixed(2)}`
        : `${to} ${((atMs - backAtMs) / 1_000).toFixed(2)} after its return`,
    )
    .join(", ");
}

function between(calls: readonly SearchCall[], fromMs: number, toMs: number): readonly SearchCall[] {
  return calls.filter(({ endedAtMs }) => endedAtMs >= fromMs && endedAtMs < toMs);
}

function seconds(ms: number): number {
  return Math.round(ms / 1_000);
}

interface Client {
  /** Ends the load and gives every call that was made. */
  finish(): Promise<ClientTale>;
  stop(): Promise<unknown>;
}

async function startClient(name: FollowerName, urls: readonly string[]): Promise<Client> {
  const child = fork(fileURLToPath(new URL("./killed-node-client.js", import.meta.url)), [name, index, ...urls]);
  const owned = await own(child);
  return {
    async finish() {
      const answered = once(child, "message", { signal: AbortSignal.timeout(answerTimeoutMs) });
      if (!owned.alive) throw new Error(`the process of ${name} ended before its time`);
      child.send("finish");
      const [tale] = await answered;
      return tale as ClientTale;
    },
    stop: () => owned.stop(),
  };
}

/** One shard, a copy on every node: whichever dies, each of the others can answer every search by itself. */
async function fill({ nodes: [node] }: EngineCluster): Promise<void> {
  if (node === undefined) throw new Error("a cluster without nodes");
  await ask(node, "PUT", `/${index}`, { settings: { number_of_shards: 1, number_of_replicas: 2 } });
  for (let document = 0; document < 100; document++) {
    await ask(node, "PUT", `/${index}/_doc/${document}`, { number: document, message: "an ordinary line of a log" });
  }
  await ask(node, "POST", `/${index}/_refresh`);
}

async function untilGreen({ nodes: [node] }: EngineCluster): Promise<void> {
  if (node !== undefined) await ask(node, "GET", `/_cluster/health/${index}?wait_for_status=green&timeout=55s`);
}

/** A node that is not the elected master: an election is no client's doing. */
async function nodeToKill(cluster: EngineCluster): Promise<EngineNode> {
  const [first] = cluster.nodes;
  if (first === undefined) throw new Error("a cluster without nodes");
  const [master] = (await ask(first, "GET", "/_cat/master?format=json")) as { node: string }[];
  const victim = cluster.nodes.findLast(({ name }) => name !== master?.node);
  if (victim === undefined) throw new Error("a cluster of one node");
  return victim;
}

/** How often these nodes were asked for the list of nodes since they started, by their own count. */
async function sniffsAnswered(nodes: readonly EngineNode[]): Promise<number> {
  let sum = 0;
  for (const node of nodes) {
    const usage = (await ask(node, "GET", "/_nodes/_local/usage")) as {
      nodes: Record<string, { rest_actions: { nodes_info_action?: number } }>;
    };
    for (const { rest_actions } of Object.values(usage.nodes)) sum += rest_actions.nodes_info_action ?? 0;
  }
  return sum;
}

async function answers(node: EngineNode): Promise<boolean> {
  return ask(node, "GET", "/").then(
    () => true,
    () => false,
  );
}

async function ask(node: EngineNode, method: string, path: string, body?: object): Promise<unknown> {
  const response = await fetch(node.url + path, {
    method,
    headers: { "content-type": "application/json" },
    signal: AbortSignal.timeout(answerTimeoutMs),
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${method} ${path} at ${node.name}: status ${response.status}`);
  return response.json();
}
