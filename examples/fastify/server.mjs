// A server with Fastify: searches by the official client, on a pool that finds the nodes. PORT: where it listens (3000).
//   curl 'http://127.0.0.1:3000/search?q=error'     curl http://127.0.0.1:3000/slowest
//   curl http://127.0.0.1:3000/health               Ctrl-C ends it
// Prints, at the start and at the end:
//   listening on 3000
//   closed after 1 searches
import Fastify from "fastify";
import { rollcall } from "./rollcall.mjs";

const fastify = Fastify();
await fastify.register(rollcall, { nodes: process.argv.slice(2), timeoutMs: 5_000 });

const querystring = { type: "object", properties: { q: { type: "string", default: "*" } } };

fastify.get("/search", { schema: { querystring } }, async ({ query }) => {
  const { body } = await fastify.search.search({ index: "logs", q: query.q, size: 3 });
  return body.hits.hits.map(({ _id, _source }) => ({ id: _id, ..._source }));
});

// A large answer is requested, parsed and reduced in a worker thread: this one only gets the result.
fastify.get("/slowest", () => fastify.pool.run(new URL("./slowest.mjs", import.meta.url), { index: "logs", count: 3 }));

await fastify.listen({ port: Number(process.env.PORT ?? 3000) });
console.log(`listening on ${fastify.server.address().port}`);

for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, async () => {
    await fastify.close();
    console.log(`closed after ${fastify.pool.stats().requests} searches`);
  });
}
