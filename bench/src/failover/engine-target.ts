import { type EngineCluster, type EngineName, startEngine } from "@rollcall/testing/engines";
import { handlesOf, lastOf, type TargetCluster, type TargetNode } from "./target.js";
import { index } from "./terms.js";

const requestTimeoutMs = 60_000;

/** Resolves when the index that clients search is on every node. `settings`: of every node, beside its own. */
export async function startEngineTarget(
  kind: EngineName,
  settings: Readonly<Record<string, string>> = {},
): Promise<TargetCluster> {
  const engine = await startEngine({ kind, settings: [settings], onProgress: console.log });
  const nodes = engine.nodes.map(
    (node): TargetNode => ({
      ...handlesOf(node),
      stop: () => node.stop(),
      start: () => node.start(),
    }),
  );
  const target: TargetCluster = {
    urls: engine.urls,
    nodes,
    async faultyNode() {
      const [master] = (await send(engine, "GET", "/_cat/master?format=json")) as { node: string }[];
      return lastOf(nodes.filter(({ name }) => name !== master?.node));
    },
    // A node's count of sniffs covers all clients together, and is lost with its process.
    counts: async () => undefined,
    async untilGreen() {
      await engine.waitForNodes(nodes.length);
      await send(engine, "GET", `/_cluster/health/${index}?wait_for_status=green&timeout=55s`);
    },
    [Symbol.asyncDispose]: () => engine.close(),
  };
  try {
    await fill(engine);
    await target.untilGreen();
  } catch (error) {
    await engine.close();
    throw error;
  }
  return target;
}

/** One shard with a copy on every node, so that each node answers every search by itself. */
async function fill(engine: EngineCluster): Promise<void> {
  await send(engine, "PUT", `/${index}`, { settings: { number_of_shards: 1, number_of_replicas: 2 } });
  for (let document = 0; document < 100; document++) {
    const body = { number: document, message: "an ordinary line of a log" };
    await send(engine, "PUT", `/${index}/_doc/${document}`, body);
  }
  await send(engine, "POST", `/${index}/_refresh`);
}

async function send(
  { urls: [url = ""] }: EngineCluster,
  method: string,
  path: string,
  body?: object,
): Promise<unknown> {
  const response = await fetch(url + path, {
    method,
    headers: { "content-type": "application/json" },
    signal: AbortSignal.timeout(requestTimeoutMs),
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${method} ${path}: status ${response.status}`);
  return response.json();
}
