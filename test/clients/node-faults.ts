import type { ServerResponse } from "node:http";
import { gzipSync } from "node:zlib";

/** How a recording node answers by itself. `count`: how often this URL was asked for before. `body`: the request's. */
interface NodeFault {
  readonly answer: (response: ServerResponse, count: number, body: string) => void;
  /** Answers without having read the body. Default: after the whole request. */
  readonly isBeforeBody?: true;
}

const product = { "x-elastic-product": "Elasticsearch", "x-opaque-id": "echo" };
const json = { ...product, "content-type": "application/json" };
const found = JSON.stringify({ took: 1, hits: { total: { value: 1 }, hits: [{ _id: "1", _source: { n: 1 } }] } });

function error(status: number, more: Readonly<Record<string, string>> = {}): NodeFault {
  const type = `fault_${status}_exception`;
  const body = JSON.stringify({
    error: { type, reason: `a reason of ${status}`, root_cause: [{ type, reason: "r" }] },
    status,
  });
  return { answer: (response) => response.writeHead(status, { ...json, ...more }).end(body) };
}

function reply(headers: Readonly<Record<string, string | string[]>>, body: string | Buffer, status = 200): NodeFault {
  return { answer: (response) => response.writeHead(status, { ...product, ...headers }).end(body) };
}

const ok: NodeFault = reply(json, found);

/** A bulk whose items are all refused, `refusals` times. */
function bulk(refusals: number): NodeFault {
  return {
    answer(response, count, body) {
      const status = count < refusals ? 429 : 201;
      const problem = status === 429 ? { error: { type: "rejected", reason: "busy" } } : { result: "created" };
      const item = { index: { _index: "i", _id: "1", status, ...problem } };
      const items = body
        .trim()
        .split("\n")
        .flatMap((_, line) => (line % 2 === 0 ? [item] : []));
      response.writeHead(200, json).end(JSON.stringify({ took: 1, errors: status === 429, items }));
    },
  };
}

/** An answer for each search of several. */
const msearch: NodeFault = {
  answer(response, _count, body) {
    const searches = body
      .trim()
      .split("\n")
      .filter((_, line) => line % 2 === 0);
    const responses = searches.map(() => ({ status: 200, took: 1, hits: { hits: [{ _source: { n: 1 } }] } }));
    response.writeHead(200, json).end(JSON.stringify({ took: 1, responses }));
  },
};

const scrollPage = (hits: readonly object[]) => JSON.stringify({ _scroll_id: "fault-scroll", took: 1, hits: { hits } });
const firstPage = reply(
  json,
  scrollPage([
    { _id: "1", _source: { n: 1 } },
    { _id: "2", _source: { n: 2 } },
  ]),
);
const gzipped = gzipSync(found);

const faults: Readonly<Record<string, NodeFault>> = {
  ok,
  "400": error(400),
  "401": error(401, { "www-authenticate": "Basic" }),
  "403": error(403),
  "404": error(404),
  "409": error(409),
  "429": error(429),
  "500": error(500),
  "502": error(502),
  "503": error(503),
  "504": error(504),
  "once-429": { answer: (response, count) => (count === 0 ? error(429) : ok).answer(response, count, "") },
  "once-503": { answer: (response, count) => (count === 0 ? error(503) : ok).answer(response, count, "") },
  "once-reset": {
    answer: (response, count) => (count === 0 ? response.socket?.resetAndDestroy() : ok.answer(response, count, "")),
  },
  "reset-before": { answer: (response) => response.socket?.resetAndDestroy(), isBeforeBody: true },
  "reset-after": { answer: (response) => response.socket?.resetAndDestroy() },
  hang: { answer: () => {} },
  silence: {
    answer: (response) => {
      response.writeHead(200, { ...json, "content-length": "100" });
      response.flushHeaders();
    },
  },
  "cut-body": {
    answer: (response) => {
      response.writeHead(200, { ...json, "content-length": "100" });
      response.write(found.slice(0, 20), () => response.socket?.destroy());
    },
  },
  endless: {
    answer(response) {
      response.writeHead(200, json);
      const more = () => {
        while (!response.destroyed && response.write("x".repeat(65_536)));
      };
      response.on("drain", more);
      more();
    },
  },
  slow: {
    answer: (response) => {
      response.writeHead(200, json);
      const half = Math.floor(found.length / 2);
      response.write(found.slice(0, half));
      setTimeout(() => response.end(found.slice(half)), 60);
    },
  },
  "bulk-429": bulk(Number.POSITIVE_INFINITY),
  "bulk-once": bulk(1),
  msearch,
  scroll: firstPage,
  "scroll-once": { answer: (response, count) => (count === 0 ? error(429) : firstPage).answer(response, count, "") },
  "scroll-page": reply(json, scrollPage([])),
  sized: reply({ ...json, "content-length": `${found.length}` }, found),
  gzip: reply({ ...json, "content-encoding": "gzip" }, gzipped),
  "cut-gzip": reply({ ...json, "content-encoding": "gzip" }, gzipped.subarray(0, gzipped.length - 12)),
  "no-json": reply(json, '{"took": 1'),
  "poisoned-json": reply(json, '{"__proto__": {"a": 1}}'),
  "empty-json": reply(json, ""),
  "vendor-json": reply({ "content-type": "application/vnd.elasticsearch+json;compatible-with=8" }, found),
  text: reply({ "content-type": "text/plain; charset=UTF-8" }, "green 1 ä\n"),
  "no-type": reply({}, found),
  tile: reply({ "content-type": "application/vnd.mapbox-vector-tile" }, Buffer.from([0, 1, 254, 255])),
  empty: reply({}, ""),
  nothing: reply({}, "", 204),
  warnings: reply(
    { ...json, warning: ['299 Elasticsearch-7.17.0 "one"', '299 Elasticsearch-7.17.0 "two, and more"'] },
    found,
  ),
  cookies: reply({ ...json, "set-cookie": ["a=1", "b=2"] }, found),
  "error-text": reply({ "content-type": "text/plain" }, "no such thing", 400),
  "error-plain": reply(json, '{"message":"no error in here"}', 400),
  "error-empty": reply({}, "", 500),
  "no-product": { answer: (response) => response.writeHead(200, { "content-type": "application/json" }).end(found) },
};

/** The fault that a path names: `/fault-503/_search`; or the further pages of its scroll. */
export function faultOf(url: string, body = ""): NodeFault | undefined {
  const [, name = ""] = /^\/fault-([\w-]+)/.exec(url) ?? [];
  const isPage = url.startsWith("/_search/scroll") && (url + body).includes("fault-scroll");
  return isPage ? faults["scroll-page"] : faults[name];
}
