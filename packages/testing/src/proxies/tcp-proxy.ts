import { once } from "node:events";
import { createServer, connect as dial, type Server, type Socket } from "node:net";
import { fileURLToPath } from "node:url";

/**
 * A TCP proxy between one process and one address. A test can cut it; other processes still reach the address directly.
 *
 * The process dials the address as always; `preload.ts` redirects its connections to the proxy. Bytes pass both ways
 * until the test cuts the proxy:
 *
 *   refuse    the port is closed, and open connections are reset
 *   swallow   connections are accepted and stay open, but no byte passes
 *
 * A node that is gone behind it: connections are accepted, and reset, as by docker-proxy and load balancers.
 */
export interface TcpProxy extends AsyncDisposable {
  cut(how: "refuse" | "swallow"): Promise<void>;
  /** On connections that are open no byte passes any more, nor their end; new ones pass: as behind some firewalls. */
  forget(): void;
  /** New connections pass again; those opened before are reset. */
  restore(): Promise<void>;
  /** The redirected address, and the port of the proxy. */
  readonly from: string;
  readonly port: number;
}

/** Starts a proxy to `target` for a process that is started with {@link proxyArguments}. */
export async function startTcpProxy(target: { readonly host: string; readonly port: number }): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  const forgotten = new WeakSet<Socket>();
  let swallows = false;
  let server: Server | undefined;
  let port = 0;

  const pass = (client: Socket) => {
    sockets.add(client);
    client.on("error", () => {});
    client.once("close", () => sockets.delete(client));
    if (swallows) return;
    const upstream = dial(target);
    upstream.on("error", () => {});
    sockets.add(upstream);
    upstream.once("close", () => {
      sockets.delete(upstream);
      // A refused connection, or one that the node reset, looks the same from the other end.
      if (!forgotten.has(client)) client.resetAndDestroy();
    });
    client.once("close", () => upstream.destroy());
    client.pipe(upstream);
    upstream.pipe(client);
  };

  const stopAll = () => {
    for (const socket of sockets) {
      socket.unpipe();
      socket.pause();
    }
  };
  const listen = async () => {
    if (server !== undefined) return;
    server = createServer({ noDelay: true }, pass);
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("the proxy has no port");
    port = address.port;
  };
  const resetAll = () => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  const stopListening = async () => {
    const closing = server;
    server = undefined;
    if (closing === undefined) return;
    const closed = once(closing, "close");
    closing.close();
    resetAll();
    await closed;
  };

  await listen();
  return {
    from: `${target.host}:${target.port}`,
    get port() {
      return port;
    },
    async cut(how) {
      if (how === "refuse") return stopListening();
      swallows = true;
      stopAll();
    },
    forget() {
      for (const socket of sockets) forgotten.add(socket);
      stopAll();
    },
    async restore() {
      swallows = false;
      resetAll();
      await listen();
    },
    [Symbol.asyncDispose]: stopListening,
  };
}

/** Arguments for node, and variables of the environment, that make a process use these proxies. */
export function proxyArguments(proxies: readonly TcpProxy[]): {
  readonly execArgv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
} {
  if (proxies.length === 0) return { execArgv: [], env: {} };
  const ports = Object.fromEntries(proxies.map(({ from, port }) => [from, port]));
  return {
    execArgv: ["--import", fileURLToPath(new URL("./preload.js", import.meta.url))],
    env: { ROLLCALL_TEST_PROXIES: JSON.stringify(ports) },
  };
}
