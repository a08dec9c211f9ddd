import { randomUUID } from "node:crypto";
import { operate, systemTimers, type ViewStore } from "@rollcall/coordinator";
import { RollcallError } from "@rollcall/core";
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import { reportHistory } from "../history-report.js";
import { jsonText } from "../json-text.js";
import { explainNode } from "../why/explain-node.js";
import type { CoordinatorScrape } from "./coordinator-metrics.js";
import { CoordinatorRegistry } from "./coordinator-registry.js";
import { EventStreams, eventText } from "./event-streams.js";
import { HttpAccess } from "./http-access.js";
import { contextOf, type HttpOptions } from "./http-options.js";
import type { LiveHistory } from "./live-history.js";
import type { LiveStatus } from "./live-status.js";
import { namesThisMachine } from "./named-host.js";
import type { PageFiles } from "./page-files.js";
import { pageHistory } from "./page-history.js";
import type { PageAccess } from "./page-state.js";
import { readRequestedOperation } from "./requested-operation.js";
import { isFromHere } from "./same-origin.js";
import { securityHeaders } from "./security-headers.js";

/** What the routes show. */
export interface HttpSource {
  /** The view's name. */
  readonly name: string;
  readonly live: LiveStatus;
  readonly history: LiveHistory;
  /** By which operators ask the leader, whichever process that is. */
  readonly store: Pick<ViewStore, "sendOperation" | "onOperationResult" | "nowMs">;
  /** What the metrics show beside the report. */
  scrape(): Omit<CoordinatorScrape, "report" | "eventStreams">;
}

export interface HttpApp {
  readonly app: FastifyInstance;
  /** Gives the routes what they show; until then they answer 503. To be called once. */
  show(source: HttpSource): void;
  /** From now on these tokens count; of open streams, none is ended. */
  useTokens(options: HttpOptions): void;
}

const bodyMaxBytes = 16_384;
const headersMaxBytes = 8_192;
/** For the whole request to arrive. */
const requestMs = 10_000;
const connectionsMax = 256;

/**
 * The server of the live page, not listening yet.
 *
 * `/livez` and `/readyz` answer every client; the page itself, without data, too. All else needs a reader's or an
 * operator's token, unless the options say that reading is open. `/operations` needs an operator's token in any case.
 */
export function createHttpApp(options: HttpOptions, page: PageFiles): HttpApp {
  let access = new HttpAccess(options);
  const app = createFastify(options);
  let source: HttpSource | undefined;
  const streams = new EventStreams(systemTimers, (publish) => {
    const stops = [
      source?.live.onChange((state) => publish("state", state)),
      source?.history.onChange((entries) => publish("history", pageHistory(entries))),
    ];
    return () => {
      for (const stop of stops) stop?.();
    };
  });
  let metrics: CoordinatorRegistry | undefined;

  app.addHook("onRequest", async (request, reply) => {
    reply.headers(securityHeaders);
    if (options.address.isLoopback && !namesThisMachine(request.headers)) {
      return refuse(reply, 421, "the Host header must name this machine: localhost or a loopback address");
    }
  });
  app.addHook("preClose", async () => streams.close());
  app.setNotFoundHandler((_, reply) => refuse(reply, 404, "there is no such page"));
  app.setErrorHandler((error: { statusCode?: number; message: string }, _, reply) => {
    const status = error.statusCode ?? 500;
    return refuse(reply, status, status < 500 ? error.message : "the request failed");
  });

  app.get("/livez", async () => ({ live: true }));
  app.get("/readyz", async (_, reply) => {
    const readiness = source?.live.readiness() ?? { ready: false, reason: "it is starting" };
    return reply.code(readiness.ready ? 200 : 503).send(readiness);
  });

  app.get("/", async (_, reply) => reply.type("text/html; charset=utf-8").send(page.html));
  for (const { path, contentType, body } of page.assets) {
    app.get(`/${path}`, async (_, reply) =>
      reply.header("cache-control", "public, max-age=31536000, immutable").type(contentType).send(body),
    );
  }

  /** The source, if the client may read it; else it has been answered. */
  const readable = async (request: FastifyRequest, reply: FastifyReply): Promise<HttpSource | undefined> => {
    if (access.roleOf(request.headers.authorization) === "none") {
      reply.header("www-authenticate", 'Bearer realm="rollcall"');
      await refuse(reply, 401, "a token is needed: Authorization: Bearer …");
      return undefined;
    }
    if (source === undefined) await refuse(reply, 503, "it is starting");
    return source;
  };

  app.get("/status.json", async (request, reply) => {
    const found = await readable(request, reply);
    if (found === undefined) return reply;
    return reply.type("application/json; charset=utf-8").send(jsonText(found.live.report()));
  });

  app.get("/history.json", async (request, reply) => {
    const found = await readable(request, reply);
    if (found === undefined) return reply;
    const entries = await found.history.read();
    const question = { view: found.name, nowMs: 0, sinceMs: undefined, node: undefined };
    const report = reportHistory(entries.length === 0 ? undefined : entries, question);
    return reply.type("application/json; charset=utf-8").send(jsonText(report));
  });

  app.get<{ Querystring: { node?: string | string[] } }>("/why.json", async (request, reply) => {
    const found = await readable(request, reply);
    if (found === undefined) return reply;
    const { node } = request.query;
    if (typeof node !== "string" || node === "")
      return refuse(reply, 400, "node must name one: its address, name, id or key");
    const explained = explainNode(node, { status: found.live.snapshot(), history: await found.history.read() });
    if ("problem" in explained) return refuse(reply, 404, explained.problem);
    return reply.type("application/json; charset=utf-8").send(jsonText(explained));
  });

  app.get("/metrics", async (request, reply) => {
    const found = await readable(request, reply);
    if (found === undefined) return reply;
    metrics ??= new CoordinatorRegistry(found.name);
    const scrape = { ...found.scrape(), report: found.live.report(), eventStreams: streams.count };
    return reply.type(metrics.contentType).send(await metrics.text(scrape));
  });

  app.post("/operations", async (request, reply) => {
    const found = await readable(request, reply);
    if (found === undefined) return reply;
    if (access.roleOf(request.headers.authorization) !== "operator") {
      return refuse(reply, 403, "an operator's token is needed, that of --http-operator-token-file");
    }
    if (!isFromHere(request.headers)) return refuse(reply, 403, "the request comes from another page");
    const { store } = found;
    const origin = { id: randomUUID(), from: request.ip, atMs: store.nowMs() };
    const read = readRequestedOperation(request.body, origin);
    if ("problem" in read) return refuse(reply, 400, read.problem);
    try {
      const result = await operate(store, read.request, systemTimers);
      if (result === undefined) return refuse(reply, 504, "no leader has answered: is there one?");
      const { outcome, text } = result;
      return reply.code(outcome === "refused" ? 409 : 200).send({ outcome, text });
    } catch (error) {
      if (!(error instanceof RollcallError)) throw error;
      return refuse(reply, 503, `${error.message}; nothing was changed`);
    }
  });

  app.route({
    method: "GET",
    url: "/events",
    exposeHeadRoute: false,
    handler: async (request, reply) => {
      const found = await readable(request, reply);
      if (found === undefined) return reply;
      const { hasOperators, readsWithoutToken } = access;
      const acts = access.roleOf(request.headers.authorization) === "operator";
      const first = [
        eventText("access", { acts, hasOperators, readsWithoutToken } satisfies PageAccess),
        eventText("series", found.live.traffic()),
        eventText("state", found.live.state()),
        eventText("history", pageHistory(await found.history.read())),
      ];
      if (request.raw.destroyed) return reply;
      if (streams.isFull) return refuse(reply, 503, "too many pages are open");
      reply.hijack();
      streams.open(reply.raw, securityHeaders, first.join(""));
      return reply;
    },
  });

  return {
    app,
    show(given) {
      source = given;
    },
    useTokens(given) {
      access = new HttpAccess(given);
    },
  };
}

function createFastify({ tls }: HttpOptions): FastifyInstance {
  const limits = { bodyLimit: bodyMaxBytes, requestTimeout: requestMs, forceCloseConnections: true };
  const http = { maxHeaderSize: headersMaxBytes };
  const app =
    tls === undefined
      ? fastify({ ...limits, http })
      : (fastify({
          ...limits,
          https: {
            ...http,
            ...contextOf(tls),
            ...(tls.clientCa === undefined ? {} : { requestCert: true, rejectUnauthorized: true }),
          },
        }) as unknown as FastifyInstance);
  app.server.maxConnections = connectionsMax;
  return app;
}

function refuse(reply: FastifyReply, status: number, error: string): FastifyReply {
  return reply.code(status).send({ error });
}
