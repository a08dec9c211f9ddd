import { once } from "node:events";
import { createServer, connect as dial, type Socket } from "node:net";

/** A TCP proxy that can lose a reply: the command reaches the server, its reply does not reach the client. */
export interface ReplyDroppingProxy extends AsyncDisposable {
  readonly port: number;
  /** Drops the reply to the next command that contains `text`, once, and closes that client's connection. */
  dropReplyTo(text: string): void;
  /** Number of dropped replies. */
  readonly dropped: number;
}

export async function startReplyDroppingProxy(target: {
  readonly host: string;
  readonly port: number;
}): Promise<ReplyDroppingProxy> {
  const sockets = new Set<Socket>();
  let wanted: string | undefined;
  let dropped = 0;

  const server = createServer((client) => {
    const upstream = dial(target);
    let drops = false;
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.once("close", () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    client.on("data", (sent) => {
      if (wanted !== undefined && sent.includes(wanted)) {
        wanted = undefined;
        drops = true;
      }
      upstream.write(sent);
    });
    upstream.on("data", (answer) => {
      if (!drops) {
        client.write(answer);
        return;
      }
      // The server has replied, so it has executed the command.
      dropped++;
      client.destroy();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the proxy has no port");

  return {
    port: address.port,
    dropReplyTo(text) {
      wanted = text;
    },
    get dropped() {
      return dropped;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
