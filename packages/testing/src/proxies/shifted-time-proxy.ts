import { once } from "node:events";
import { createServer, connect as dial, type Socket } from "node:net";

/** A TCP proxy in front of a Redis server that tells its clients another time (`TIME`), and passes on all else. */
export interface ShiftedTimeProxy extends AsyncDisposable {
  readonly port: number;
  /** By how much the clock seems to be ahead, in seconds; at first 0. */
  aheadS: number;
}

/** The answer to `TIME`, whole: two texts, of which the first counts seconds. */
const timeReply = /\*2\r\n\$10\r\n(\d{10})\r\n(?=\$\d\r\n\d{1,6}\r\n)/g;

export async function startShiftedTimeProxy(target: {
  readonly host: string;
  readonly port: number;
}): Promise<ShiftedTimeProxy> {
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
    client.on("data", (sent) => upstream.write(sent));
    upstream.on("data", (piece) => {
      const text = piece.toString("latin1");
      const shifted = text.replace(timeReply, (reply: string, seconds: string) =>
        reply.replace(seconds, `${Number(seconds) + proxy.aheadS}`),
      );
      client.write(Buffer.from(shifted, "latin1"));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the proxy has no port");
  const proxy: ShiftedTimeProxy = {
    port: address.port,
    aheadS: 0,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
  return proxy;
}
