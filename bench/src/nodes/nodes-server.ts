// Forked by nodes.ts with a number of nodes: so many servers in one process. They list each other, answer searches, and
// hold those of the index "held" for ever. The first message says their ports.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

const nodes = Number(process.argv[2]);
const headers = { "content-type": "application/json", "x-elastic-product": "Elasticsearch" };
const hits = [{ _index: "small", _id: "1", _source: { message: "x".repeat(380) } }];
const found = JSON.stringify({ took: 1, timed_out: false, hits: { total: { value: 1, relation: "eq" }, hits } });
const ports: number[] = [];

for (let at = 0; at < nodes; at++) {
  const server = createServer((request, response) => {
    request.resume().once("end", () => answer(request, response, at));
  });
  server.keepAliveTimeout = 600_000;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  ports.push((server.address() as AddressInfo).port);
}
process.send?.(ports);
process.once("disconnect", () => process.exit());

function answer({ url = "" }: IncomingMessage, response: ServerResponse, at: number): void {
  if (url.startsWith("/held/")) return;
  const body = url === "/" ? identityOf(at) : url.startsWith("/_nodes") ? list() : found;
  response.writeHead(200, headers).end(body);
}

function identityOf(at: number): string {
  const version = { number: "9.4.0", build_flavor: "default" };
  return JSON.stringify({ name: `node-${at}`, cluster_name: "bench", cluster_uuid: "bench-nodes-0000000001", version });
}

function list(): string {
  const entries = ports.map((port, at) => {
    const http = { publish_address: `127.0.0.1:${port}`, bound_address: [`127.0.0.1:${port}`] };
    return [`node${at}`.padEnd(22, "-"), { name: `node-${at}`, version: "9.4.0", roles: ["data", "ingest"], http }];
  });
  const counts = { total: nodes, successful: nodes, failed: 0 };
  return JSON.stringify({ _nodes: counts, cluster_name: "bench", nodes: Object.fromEntries(entries) });
}
