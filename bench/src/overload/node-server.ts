// node node-server.js TERMS SEED, the terms in JSON: a node with so many workers, each on one search at a time, and a
// bounded queue before them: one search more is answered with 429. As in an engine, a search whose client has gone is not
// begun. Any order is answered with what was done.
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { seededRandom } from "@rollcall/testing";
import { type ClusterTerms, drawMs } from "./terms.js";

export interface NodeReport {
  readonly port: number;
  readonly searches: number;
  /** How long they took workers in all: as drawn, and what the machine was late. */
  readonly workedMs: number;
}

const [, , termsText = "", seed = ""] = process.argv;
const { workers, queueMax, service } = JSON.parse(termsText) as ClusterTerms;
const random = seededRandom(Number(seed));
const headers = { "content-type": "application/json", "x-elastic-product": "Elasticsearch" };
const identity = JSON.stringify({
  name: `node-${seed}`,
  cluster_name: "bench",
  cluster_uuid: "bench-overload-0000001",
  version: { number: "9.4.0", build_flavor: "default", build_type: "tar", lucene_version: "10.0.0" },
  tagline: "You Know, for Search",
});
const found = JSON.stringify({ took: 1, timed_out: false, hits: { total: { value: 0, relation: "eq" }, hits: [] } });

const waiting: ServerResponse[] = [];
let working = 0;
let searches = 0;
let workedMs = 0;

const server = createServer((request, response) => {
  request.resume().once("end", () => {
    if (request.url === "/") return void response.writeHead(200, headers).end(identity);
    if (working < workers) return work(response);
    if (waiting.length < queueMax) return void waiting.push(response);
    response
      .writeHead(429, headers)
      .end(JSON.stringify({ error: { type: "es_rejected_execution_exception" }, status: 429 }));
  });
});

function work(response: ServerResponse): void {
  working++;
  const begunMs = performance.now();
  const tookMs = drawMs(service, random());
  setTimeout(() => {
    working--;
    searches++;
    workedMs += performance.now() - begunMs;
    if (!response.destroyed) response.writeHead(200, headers).end(found);
    workNext();
  }, tookMs);
}

function workNext(): void {
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    if (!next.destroyed) return work(next);
  }
}

server.listen(0, "127.0.0.1", () => {
  process.on("message", () => {
    const { port } = server.address() as AddressInfo;
    const report: NodeReport = { port, searches, workedMs };
    process.send?.(report);
  });
});
