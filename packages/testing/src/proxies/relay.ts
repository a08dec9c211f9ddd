import { once } from "node:events";
import { createServer, connect as dial, type Socket } from "node:net";

/** What the proxies in front of a server share: for each client a connection of its own, and one end for both. */
export interface Relay extends AsyncDisposable {
  readonly port: number;
}

export interface RelayTarget {
  readonly host: string;
  readonly port: number;
}

/** `join` passes on what either of a pair sends. One that closes, or fails, takes the other with it. */
export async function startRelay(
  target: RelayTarget,
  join: (client: Socket, upstream: Socket) => void,
): Promise<Relay> {
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (client) => {
    const upstream = dial({ ...target, noDelay: true });
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.once("close", () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    join(client, upstream);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the proxy has no port");
  return {
    port: address.port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
