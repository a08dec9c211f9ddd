import { once } from "node:events";
import { createServer, connect as dial, type Server, type Socket } from "node:net";
import { fileURLToPath } from "node:url";

/**
 * A way of one process to one address, which the test can cut: for every other process the address is as it was.
 *
 * The process dials the address as always, and `preload.ts` leads what it opens here. What comes is passed on both ways
 * until the way is cut:
 *
 *   refuse    nobody listens, and what was open is reset
 *   swallow   connections are accepted and stay, but not a byte passes any more
 */
export interface Detour extends AsyncDisposable {
  cut(how: "refuse" | "swallow"): Promise<void>;
  /** New connections pass again; those that were there while it was cut are reset. */
  mend(): Promise<void>;
  /** The address that is led here, and the port here. */
  readonly from: string;
  readonly port: number;
}

/** Leads a process that is started with {@link detourWords} round, on its way to this address. */
export async function startDetour(target: { readonly host: string; readonly port: number }): Promise<Detour> {
  const sockets = new Set<Socket>();
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
      client.resetAndDestroy();
    });
    client.once("close", () => upstream.destroy());
    client.pipe(upstream);
    upstream.pipe(client);
  };

  const listen = async () => {
    if (server !== undefined) return;
    server = createServer({ noDelay: true }, pass);
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("the detour has no port");
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
      for (const socket of sockets) {
        socket.unpipe();
        socket.pause();
      }
    },
    async mend() {
      swallows = false;
      resetAll();
      await listen();
    },
    [Symbol.asyncDispose]: stopListening,
  };
}

/** What a process is started with to take these ways: words for node, and variables of its environment. */
export function detourWords(detours: readonly Detour[]): {
  readonly execArgv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
} {
  if (detours.length === 0) return { execArgv: [], env: {} };
  const ports = Object.fromEntries(detours.map(({ from, port }) => [from, port]));
  return {
    execArgv: ["--import", fileURLToPath(new URL("./preload.js", import.meta.url))],
    env: { ROLLCALL_TEST_DETOURS: JSON.stringify(ports) },
  };
}
