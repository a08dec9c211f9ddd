// A server that searches, reports its health, and shuts down without dropping a request. PORT: where it listens (3000).
//   curl 'http://127.0.0.1:3000/search?q=blue'     curl http://127.0.0.1:3000/health     Ctrl-C ends it
// Prints, at the start and at the end:
//   listening on 3000
//   closed after 1 searches
import { once } from "node:events";
import { createServer } from "node:http";
import { createPool, RollcallError } from "rollcall";

const pool = createPool({ nodes: process.argv.slice(2), timeoutMs: 5_000 });

async function search(text, signal) {
  const found = await pool.request({
    method: "POST",
    path: "/_search",
    body: text === "" ? { size: 3 } : { size: 3, query: { simple_query_string: { query: text } } },
    signal,
  });
  return found.throwIfError().json().hits.hits;
}

/** The states in which a node has answered and takes requests: all or, while it returns or is slow, a part. */
const inUse = ["healthy", "penalized", "slow-start"];

/** Healthy while one node is in use: not before the first has answered. */
function health() {
  const nodes = pool.nodes().map(({ address, name, state, reason }) => ({ address, name, state, reason }));
  const { threads } = pool.stats();
  const canSend = threads.length === 0 || threads.some(({ state }) => state !== "failed");
  const ok = canSend && nodes.some(({ state }) => inUse.includes(state));
  return { ok, nodes, threads: threads.map(({ state, reason }) => ({ state, reason })) };
}

/** The status for our own client when the search failed. */
function statusOf(error) {
  if (!(error instanceof RollcallError)) return 500;
  return error.code === "QUEUE_FULL" || error.code === "NO_NODE" ? 503 : error.code === "TIMEOUT" ? 504 : 502;
}

const server = createServer(async (request, response) => {
  const { pathname, searchParams } = new URL(request.url, "http://localhost");
  const reply = (status, body) =>
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));

  if (pathname === "/health") return reply(health().ok ? 200 : 503, health());
  if (pathname !== "/search") return reply(404, { error: "no such page" });

  // A client that has disconnected needs no answer.
  const disconnected = new AbortController();
  response.on("close", () => disconnected.abort());
  try {
    return reply(200, await search(searchParams.get("q") ?? "", disconnected.signal));
  } catch (error) {
    return reply(statusOf(error), { error: error.code ?? "INTERNAL" });
  }
});

server.listen(Number(process.env.PORT ?? 3000));
await once(server, "listening");
console.log(`listening on ${server.address().port}`);

for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, () => {
    // First stop accepting clients, then finish their requests, then close the pool: no request meets a closed pool.
    server.close(async () => {
      await pool.close();
      console.log(`closed after ${pool.stats().requests} searches`);
    });
    server.closeIdleConnections();
  });
}
