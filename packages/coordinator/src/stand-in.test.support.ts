import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

type Reply = (request: IncomingMessage, response: ServerResponse) => void;

/** One HTTP server with a given reply, which counts. */
export interface StandIn {
  readonly port: number;
  readonly address: string;
  readonly url: string;
  reply: Reply;
  /** Paths asked for, in order. */
  readonly asked: string[];
  /** The `authorization` of each request, in order. */
  readonly credentials: (string | undefined)[];
  readonly connections: number;
  /** Refuses connections from now on. */
  down(): Promise<void>;
  /** Listens again on the same port. */
  up(): Promise<void>;
}

export async function standIn(reply: Reply, host = "127.0.0.1"): Promise<StandIn> {
  const asked: string[] = [];
  const credentials: (string | undefined)[] = [];
  let connections = 0;
  const server = createServer((request, response) => {
    asked.push(request.url ?? "");
    credentials.push(request.headers.authorization);
    it.reply(request, response);
  }).on("connection", () => {
    connections++;
  });
  const listen = (port: number) => new Promise<void>((resolve) => server.listen(port, host, resolve));
  await listen(0);
  const { port } = server.address() as AddressInfo;
  const address = `${host}:${port}`;
  const it: StandIn = {
    port,
    address,
    url: `http://${address}`,
    reply,
    asked,
    credentials,
    get connections() {
      return connections;
    },
    async down() {
      if (!server.listening) return;
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
    up: () => listen(port),
  };
  return it;
}

export function json(value: unknown, status = 200): Reply {
  return (_request, response) => {
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
  };
}

/** What a node says of itself. */
export const root = (name: string, uuid: string, clusterName = "logs") => ({
  name,
  cluster_name: clusterName,
  cluster_uuid: uuid,
  version: { number: "2.19.1" },
});

/** A list of nodes, by id. */
export const nodesHttp = (nodes: Readonly<Record<string, { readonly name: string; readonly address: string }>>) => {
  const total = Object.keys(nodes).length;
  const entries = Object.entries(nodes).map(([id, { name, address }]) => {
    return [id, { name, roles: ["data", "ingest"], version: "2.19.1", http: { publish_address: address } }];
  });
  return { _nodes: { total, successful: total, failed: 0 }, cluster_name: "logs", nodes: Object.fromEntries(entries) };
};
