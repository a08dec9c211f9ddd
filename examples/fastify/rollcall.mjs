// A plugin for Fastify: one pool for the server, opened when it starts and closed when its last request has ended.
// Adds `fastify.pool`, the official client `fastify.search` on it, `GET /health`, and the status of failed searches.
import { Client, errors } from "@opensearch-project/opensearch";
import plugin from "fastify-plugin";
import { createPool, RollcallError } from "rollcall";
import { onRollcall } from "rollcall/opensearch";

export const rollcall = plugin(async (fastify, options) => {
  const pool = createPool(options);
  fastify.decorate("pool", pool);
  fastify.decorate("search", new Client(onRollcall(pool)));
  fastify.addHook("onClose", () => pool.close());

  fastify.get("/health", async (_request, reply) => {
    const nodes = pool.nodes().map(({ address, state, reason }) => ({ address, state, reason }));
    const ok = nodes.some(({ state }) => state === "healthy" || state === "slow-start");
    return reply.status(ok ? 200 : 503).send({ ok, nodes });
  });

  fastify.setErrorHandler((error, request, reply) => {
    const status = statusOf(error);
    if (status >= 500) request.log.error(error);
    return reply.status(status).send({ error: status >= 500 ? "the search is not available" : error.message });
  });
});

/** The status for our own caller. What a client throws has the pool's error as its cause. */
function statusOf(error) {
  const { cause = error } = error;
  if (cause instanceof RollcallError) {
    if (cause.code === "TIMEOUT") return 504;
    return cause.code === "NO_NODE" || cause.code === "QUEUE_FULL" ? 503 : 502;
  }
  if (error instanceof errors.ResponseError) return error.statusCode === 404 ? 404 : 502;
  return error.statusCode ?? 500;
}
