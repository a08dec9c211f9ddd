import { readFile } from "node:fs/promises";
import { after, before, describe, it } from "node:test";
import {
  type EngineCluster,
  type EngineNode,
  enginesOf,
  type MatrixEngine,
  newestRunnable,
  type SecuredCluster,
  type SecuredEngineName,
  startEngine,
  startSecuredEngine,
} from "@rollcall/testing/engines";
import type { Pool, PoolOptions, PoolResponse, RollcallError } from "@rollcall/worker";
import { createIndex, engineTimeout, isFullMatrix, openPool, waitForMembers } from "./support-engine.js";

const dataNodes = 3;

/** A running cluster that statements are checked on. */
export interface Tested {
  readonly engine: MatrixEngine;
  readonly cluster: EngineCluster;
  /** Those that hold data; a cluster may have one beside them that only manages it. */
  readonly nodes: readonly EngineNode[];
  /** The cluster again, where it has security. */
  readonly secured?: SecuredCluster;
  /** What reaches it: one seed, and with security a user for every node. */
  readonly access: Pick<PoolOptions, "nodes" | "tls">;
  /** On that access, opened before the cluster was started where it has no security. Its first request is `early`. */
  readonly pool: Pool;
  readonly early: Promise<PoolResponse | RollcallError>;
}

/** One promise, checked on every engine that it is about. They run in order, and each leaves the cluster whole. */
export interface Statement {
  readonly says: string;
  /** Default: every engine. */
  readonly on?: (engine: MatrixEngine) => boolean;
  readonly check: (tested: Tested) => Promise<void>;
}

/**
 * Checks the same statements on each engine of a product, on a cluster of three nodes: `npm run test:engines` on each of
 * its releases, `npm test` on the newest that this machine's Java runs.
 */
export async function describeEngines(
  product: "OpenSearch" | "Elasticsearch",
  isSecured: boolean,
  statements: readonly Statement[],
): Promise<void> {
  const engines = await enginesOf(product, isSecured);
  const selected = isFullMatrix ? engines : [newestRunnable(engines)];
  for (const { title, skip } of engines) {
    // The runner of the tests shows such lines of a file that passes.
    if (skip === undefined) continue;
    console.log(
      isFullMatrix ? `note: ${title} is skipped. ${skip}` : `note: ${selected[0]?.title} runs instead. ${skip}`,
    );
  }
  for (const engine of selected) {
    describe(engine.title, engineTimeout, () => {
      let tested: Tested;
      if (engine.skip === undefined) {
        before(async () => {
          tested = await start(engine);
        }, engineTimeout);
        after(async () => {
          await tested.pool.close();
          await tested.cluster.close();
        });
      }
      for (const { says, on = () => true, check } of statements) {
        if (on(engine)) it(says, engine.skip === undefined ? {} : { skip: engine.skip }, () => check(tested));
      }
    });
  }
}

async function start(engine: MatrixEngine): Promise<Tested> {
  const onProgress = (line: string) => console.log(line);
  const startedMs = performance.now();
  const tested = engine.isSecured ? await startSecured(engine, onProgress) : await startPlain(engine, onProgress);
  const memory = await Promise.all(tested.cluster.nodes.map(residentMegabytes));
  const seconds = ((performance.now() - startedMs) / 1_000).toFixed(1);
  console.log(`${isFullMatrix ? "note: " : ""}${engine.title}: ready after ${seconds} s; ${memory.join(", ")} MB`);
  await waitForMembers(tested.pool, tested.nodes);
  await createIndex(tested.pool);
  return tested;
}

async function startPlain(engine: MatrixEngine, onProgress: (line: string) => void): Promise<Tested> {
  let pool: Pool | undefined;
  let early: Promise<PoolResponse | RollcallError> | undefined;
  let nodes: readonly string[] = [];
  const cluster = await startEngine({
    kind: engine.kind,
    nodes: dataNodes,
    dedicatedManagers: engine.kind === "elasticsearch" ? 1 : 0,
    onProgress,
    onStarting: ([seed = ""]) => {
      nodes = [seed];
      pool = openPool({ nodes });
      early = pool.request({ method: "GET", path: "/", timeoutMs: 120_000 }).catch((error: RollcallError) => error);
    },
  });
  if (pool === undefined || early === undefined) throw new Error("the cluster has started without its addresses");
  return { engine, cluster, nodes: cluster.nodes.slice(0, dataNodes), access: { nodes }, pool, early };
}

async function startSecured(engine: MatrixEngine, onProgress: (line: string) => void): Promise<Tested> {
  const kind = engine.kind as SecuredEngineName;
  const users = kind.startsWith("elasticsearch") ? "per-node" : "shared";
  const cluster = await startSecuredEngine({ kind, nodes: dataNodes, users, onProgress });
  // A statement may have changed the password of a node.
  const nodes = cluster.nodes.map((node) => ({ url: node.url, auth: async () => node.user }));
  const access = { nodes, tls: { ca: cluster.certificates.ca } };
  const pool = openPool(access);
  const early = pool.request({ method: "GET", path: "/", timeoutMs: 60_000 });
  return { engine, cluster, nodes: cluster.nodes, secured: cluster, access, pool, early };
}

/** What the node's JVM has of the machine's memory, in megabytes. */
async function residentMegabytes({ pid }: EngineNode): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1_024);
}
