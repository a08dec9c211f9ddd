// A server with Express for several tenants: one pool, and for each tenant a child of it, whose requests carry that
// tenant's credential and name. TENANTS: their API keys as JSON. PORT: where it listens (3000).
//   TENANTS='{"north":"key1","south":"key2"}' node server.mjs http://127.0.0.1:9200
//   curl 'http://127.0.0.1:3000/north/search?q=blue'   curl http://127.0.0.1:3000/north/export   Ctrl-C ends it
// Prints, at the start and at the end:
//   listening on 3000
//   closed after 1 searches
import { once } from "node:events";
import { pipeline } from "node:stream/promises";
import express from "express";
import { createPool, RollcallError } from "rollcall";

const pool = createPool({ nodes: process.argv.slice(2), timeoutMs: 5_000 });
const apiKeys = Object.entries(JSON.parse(process.env.TENANTS ?? "{}"));
const tenants = new Map(apiKeys.map(([name, apiKey]) => [name, pool.child({ auth: { apiKey }, opaqueId: name })]));

const app = express();

app.param("tenant", (request, response, next, name) => {
  request.tenant = tenants.get(name);
  if (request.tenant === undefined) response.status(404).json({ error: "no such tenant" });
  else next();
});

app.get("/health", (_request, response) => {
  const nodes = pool.nodes().map(({ address, state, reason }) => ({ address, state, reason }));
  const ok = nodes.some(({ state }) => state === "healthy" || state === "slow-start");
  response.status(ok ? 200 : 503).json({ ok, nodes });
});

// What an async handler throws reaches the handler of errors below.
app.get("/:tenant/search", async ({ tenant, query }, response) => {
  // A caller that has disconnected needs no answer.
  const disconnected = new AbortController();
  response.on("close", () => disconnected.abort());
  const found = await tenant.request({
    method: "POST",
    path: "/logs/_search",
    body: { size: 3, query: { simple_query_string: { query: String(query.q ?? "*") } } },
    signal: disconnected.signal,
  });
  response.json(found.throwIfError().json().hits.hits);
});

// Handing an answer on as it comes needs no memory for it, however large it is.
app.get("/:tenant/export", async ({ tenant }, response) => {
  const { status, headers, body } = await tenant.stream({ method: "GET", path: "/logs/_search?size=10000" });
  response.status(status).type(headers["content-type"] ?? "application/json");
  await pipeline(body, response);
});

/** The status for our own caller when the search failed. */
function statusOf(error) {
  if (!(error instanceof RollcallError)) return 500;
  if (error.code === "TIMEOUT") return 504;
  return error.code === "NO_NODE" || error.code === "QUEUE_FULL" ? 503 : 502;
}

app.use((error, _request, response, next) => {
  // An answer that has begun can only be cut off.
  if (response.headersSent) return next(error);
  const status = statusOf(error);
  if (status === 500) console.error(error);
  response.status(status).json({ error: error.code ?? "INTERNAL" });
});

const server = app.listen(Number(process.env.PORT ?? 3000));
await once(server, "listening");
console.log(`listening on ${server.address().port}`);

for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, () => {
    // First the server, then the pool: no request meets a closed pool. Children are closed with their pool.
    server.close(async () => {
      await pool.close();
      console.log(`closed after ${pool.stats().requests} searches`);
    });
  });
}
