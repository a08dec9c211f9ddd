import { once } from "node:events";
import { createServer, connect as dial, type Socket } from "node:net";

/** A way to a server on which answers get lost: the command arrives, and its answer does not. */
export interface ReplyEater extends AsyncDisposable {
  readonly port: number;
  /** From now on: as soon as a client sends something that holds `text`, it gets no more, and is cut off. Once. */
  eatAnswerTo(text: string): void;
  /** How often something was eaten. */
  readonly eaten: number;
}

export async function startReplyEater(target: { readonly host: string; readonly port: number }): Promise<ReplyEater> {
  const sockets = new Set<Socket>();
  let wanted: string | undefined;
  let eaten = 0;

  const server = createServer((client) => {
    const upstream = dial(target);
    let deaf = false;
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
        deaf = true;
      }
      upstream.write(sent);
    });
    upstream.on("data", (answer) => {
      if (!deaf) {
        client.write(answer);
        return;
      }
      // The server has answered, so it has done what it was told.
      eaten++;
      client.destroy();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the proxy has no port");

  return {
    port: address.port,
    eatAnswerTo(text) {
      wanted = text;
    },
    get eaten() {
      return eaten;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
