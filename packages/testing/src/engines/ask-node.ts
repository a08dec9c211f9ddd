import * as http from "node:http";
import * as https from "node:https";
import { connect } from "node:tls";
import type { EngineUser } from "./contract.js";

export interface Access {
  readonly ca?: string;
  /** For nodes that ask for a certificate. */
  readonly cert?: string;
  readonly key?: string;
  readonly user?: EngineUser;
}

export interface NodeAnswer {
  readonly status: number;
  readonly text: string;
}

export interface NodeQuestion {
  /** Default "GET". */
  readonly method?: string;
  /** Sent as JSON. */
  readonly body?: object;
  /** Default 5,000. */
  readonly timeoutMs?: number;
}

/** One request on a connection of its own. @throws Node's own error, or "timeout" */
export function askNode(
  url: string,
  { user, ...tls }: Access = {},
  { method = "GET", body, timeoutMs = 5_000 }: NodeQuestion = {},
): Promise<NodeAnswer> {
  const sent = body === undefined ? undefined : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const options = {
      agent: false,
      method,
      ...tls,
      ...(user === undefined ? {} : { auth: `${user.username}:${user.password}` }),
      // Node adds no length to a DELETE: its body would be taken for the next request.
      ...(sent === undefined
        ? {}
        : { headers: { "content-type": "application/json", "content-length": Buffer.byteLength(sent) } }),
    } as const;
    const request = url.startsWith("https:") ? https.request(url, options) : http.request(url, options);
    const timer = setTimeout(() => request.destroy(new Error("timeout")), timeoutMs);
    request.on("error", reject);
    request.on("close", () => clearTimeout(timer));
    request.on("response", (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("error", reject);
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
    });
    request.end(sent);
  });
}

/** The certificate that a new connection is shown, good or not: its SHA-256. @throws Node's own error, or "timeout" */
export function shownCertificate(host: string, port: number, { cert, key }: Access): Promise<string> {
  return new Promise((resolve, reject) => {
    const client = { ...(cert === undefined ? {} : { cert }), ...(key === undefined ? {} : { key }) };
    const socket = connect({ host, port, rejectUnauthorized: false, ...client });
    socket.setTimeout(5_000, () => socket.destroy(new Error("timeout")));
    socket.on("error", reject);
    socket.on("secureConnect", () => {
      resolve(socket.getPeerCertificate().fingerprint256);
      socket.destroy();
    });
  });
}
