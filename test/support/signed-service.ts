import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type Account, signatureProblem, type WireRequest } from "./sigv4.js";

/** Requests to `/unavailable/…` are refused so often before one is answered. */
const refusals = 1;

export interface SignedService extends AsyncDisposable {
  readonly url: string;
  /** All that has come, with what is wrong with its signature. */
  readonly requests: readonly (WireRequest & { readonly problem: string | undefined })[];
}

/** One node of a cluster that answers signed requests alone, as Amazon OpenSearch Service does. */
export async function startSignedService(account: Account): Promise<SignedService> {
  const requests: (WireRequest & { readonly problem: string | undefined })[] = [];
  let refused = 0;
  const server = createServer((incoming, answer) => {
    const { method = "", url: target = "", rawHeaders } = incoming;
    const pieces: Buffer[] = [];
    incoming.on("data", (piece: Buffer) => pieces.push(piece));
    incoming.on("end", () => {
      const request = { method, target, rawHeaders, body: Buffer.concat(pieces) };
      const problem = signatureProblem(request, account, Date.now());
      requests.push({ ...request, problem });
      const isRefused = target.startsWith("/unavailable/") && refused++ < refusals;
      const status = problem === undefined ? (isRefused ? 503 : 200) : 403;
      const body = status === 200 ? answerTo(target, (server.address() as AddressInfo).port) : { message: problem };
      const headers = { "content-type": "application/json", ...(isRefused ? { "retry-after": "1" } : {}) };
      answer.writeHead(status, headers).end(JSON.stringify(body));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

function answerTo(target: string, port: number): object {
  if (target === "/") {
    const version = { distribution: "opensearch", number: "2.19.0" };
    return { name: "n1", cluster_name: "signed", cluster_uuid: "uuid-of-the-signed-cluster", version };
  }
  if (target.startsWith("/_nodes/http")) {
    const node = { name: "n1", version: "2.19.0", roles: ["data"], http: { publish_address: `127.0.0.1:${port}` } };
    return { _nodes: { total: 1, successful: 1, failed: 0 }, cluster_name: "signed", nodes: { n1: node } };
  }
  return { hits: { hits: [1, 2, 3].map((id) => ({ _id: String(id), _source: {} })) } };
}
