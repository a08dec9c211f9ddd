import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { connect as dial, type Socket } from "node:net";
import type { Duplex } from "node:stream";

/** What a proxy does to a CONNECT: answers with that status, says nothing, closes, or answers with what is not HTTP. */
export type ConnectFault = number | "hang" | "close" | "garbage";

export interface ConnectProxyOptions {
  /** `user:password` that it asks for. Default: it asks for none. */
  readonly userinfo?: string;
  /** PEM: it is an https proxy. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** Where a name leads, behind the proxy; other names and numbers lead to themselves. */
  readonly hosts?: Readonly<Record<string, string>>;
}

/** An HTTP proxy that opens tunnels, as squid and tinyproxy do, and no more. */
export interface ConnectProxy extends AsyncDisposable {
  readonly port: number;
  /** What it was asked to connect to, `host:port` each. */
  readonly asked: readonly string[];
  /** The `proxy-authorization` headers that it got. */
  readonly credentials: readonly string[];
  /** How many tunnels it has open. */
  readonly open: number;
  /** For every CONNECT from now on; undefined heals. */
  fault: ConnectFault | undefined;
  /** It dies: its port is closed, and its tunnels are reset. */
  stop(): Promise<void>;
  /** It is back at the same port. */
  start(): Promise<void>;
}

export async function startConnectProxy(options: ConnectProxyOptions = {}): Promise<ConnectProxy> {
  const { userinfo, tls, hosts = {} } = options;
  const expected = userinfo === undefined ? undefined : `Basic ${Buffer.from(userinfo).toString("base64")}`;
  const asked: string[] = [];
  const credentials: string[] = [];
  const sockets = new Set<Duplex>();
  const tunnels = new Set<Duplex>();
  let server: Server | undefined;
  let port = 0;

  const answer = (client: Duplex, status: number) => client.end(`HTTP/1.1 ${status} No\r\ncontent-length: 0\r\n\r\n`);

  const connect = (request: IncomingMessage, client: Duplex, head: Buffer) => {
    client.on("error", () => {});
    asked.push(request.url ?? "");
    const credential = request.headers["proxy-authorization"];
    if (credential !== undefined) credentials.push(credential);
    const { fault } = proxy;
    if (fault === "hang") return;
    if (fault === "close") return void client.destroy();
    if (fault === "garbage") return void client.end("SSH-2.0-OpenSSH_9.2\r\n\r\n");
    if (fault !== undefined) return void answer(client, fault);
    if (expected !== undefined && credential !== expected) return void answer(client, 407);
    const [, host = "", to = "80"] = /^\[?(.*?)\]?:(\d+)$/.exec(request.url ?? "") ?? [];
    const upstream = dial({ host: hosts[host] ?? host, port: Number(to) });
    sockets.add(upstream);
    upstream.once("error", () => answer(client, 502));
    upstream.once("connect", () => {
      tunnels.add(client);
      client.write("HTTP/1.1 200 Connection established\r\nvia: test\r\n\r\n");
      if (head.length > 0) upstream.write(head);
      upstream.pipe(client);
      client.pipe(upstream);
    });
    upstream.once("close", () => {
      sockets.delete(upstream);
      client.destroy();
    });
    client.once("close", () => {
      tunnels.delete(client);
      upstream.destroy();
    });
  };

  const proxy: ConnectProxy = {
    get port() {
      return port;
    },
    asked,
    credentials,
    get open() {
      return tunnels.size;
    },
    fault: undefined,
    async start() {
      server = tls === undefined ? createServer() : createSecureServer(tls);
      server.on("connect", connect);
      server.on("tlsClientError", () => {});
      server.on("connection", (socket: Socket) => {
        sockets.add(socket);
        socket.once("close", () => sockets.delete(socket));
      });
      server.listen(port, "127.0.0.1");
      await once(server, "listening");
      const address = server.address();
      if (address === null || typeof address === "string") throw new Error("the proxy has no port");
      port = address.port;
    },
    async stop() {
      const stopping = server;
      server = undefined;
      if (stopping === undefined) return;
      const closed = once(stopping, "close");
      stopping.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
    async [Symbol.asyncDispose]() {
      await proxy.stop();
    },
  };
  await proxy.start();
  return proxy;
}
