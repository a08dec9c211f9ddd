// node node-server.js QUEUE CANCELS SEED: a node with some workers, each on one search at a time, and so many places before
// them; one search more is answered with 429. With CANCELS "yes", as in an engine, a search whose client has gone is not
// begun. It misbehaves as the last order says, and answers each order with its port and what it has done.
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { seededRandom } from "@rollcall/testing";
import { nodeTerms } from "./terms.js";

/** What is absent is normal. */
export interface NodeOrder {
  /** Searches take so many times as long. */
  readonly timesSlower?: number;
  /** This part of the answers is held back for 300 ms after the search. */
  readonly delayedPart?: number;
  /** This part of the searches is never answered, and takes no worker. */
  readonly silentPart?: number;
  /** This part of the searches is answered with 429. */
  readonly refusedPart?: number;
}

export interface NodeReport {
  readonly port: number;
  /** Searches that were worked on. */
  readonly searches: number;
}

const delayedMs = 300;
const [queueMax = "", cancels = "", seed = ""] = process.argv.slice(2);
const random = seededRandom(Number(seed));
const headers = { "content-type": "application/json", "x-elastic-product": "Elasticsearch" };
const identity = JSON.stringify({
  name: `node-${seed}`,
  cluster_name: "bench",
  cluster_uuid: "bench-hedging-00000001",
  version: { number: "9.4.0", build_flavor: "default", build_type: "tar", lucene_version: "10.0.0" },
  tagline: "You Know, for Search",
});
const found = JSON.stringify({ took: 1, timed_out: false, hits: { total: { value: 0, relation: "eq" }, hits: [] } });
const refused = JSON.stringify({ error: { type: "es_rejected_execution_exception" }, status: 429 });

const waiting: ServerResponse[] = [];
let order: NodeOrder = {};
let working = 0;
let searches = 0;

const server = createServer((request, response) => {
  request.resume().once("end", () => {
    if (request.url === "/") return void response.writeHead(200, headers).end(identity);
    if (random() < (order.silentPart ?? 0)) return;
    if (random() < (order.refusedPart ?? 0)) return refuse(response);
    if (working < nodeTerms.workers) return work(response);
    if (waiting.length >= Number(queueMax)) return refuse(response);
    waiting.push(response);
  });
});

function refuse(response: ServerResponse): void {
  response.writeHead(429, headers).end(refused);
}

function work(response: ServerResponse): void {
  const { searchMs, longerMs, longerPart } = nodeTerms;
  working++;
  searches++;
  const tookMs = (random() < longerPart ? longerMs : searchMs) * (order.timesSlower ?? 1);
  setTimeout(() => {
    working--;
    if (random() < (order.delayedPart ?? 0)) setTimeout(answer, delayedMs, response);
    else answer(response);
    workNext();
  }, tookMs);
}

function answer(response: ServerResponse): void {
  if (!response.destroyed) response.writeHead(200, headers).end(found);
}

function workNext(): void {
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    if (cancels !== "yes" || !next.destroyed) return work(next);
  }
}

server.listen(0, "127.0.0.1", () => {
  process.on("message", (next: NodeOrder) => {
    order = next;
    const { port } = server.address() as AddressInfo;
    const report: NodeReport = { port, searches };
    process.send?.(report);
  });
});
