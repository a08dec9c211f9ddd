import { once } from "node:events";
import { createServer, connect as dial, type Socket } from "node:net";

/**
 * What becomes of what the server sends, piece by piece as the network brings it: a piece is a reply or a message, or
 * several. Eaten and doubled are each so-manyth piece of a connection; 1 means all of them.
 */
export type ReplyFault =
  | { readonly kind: "eaten"; readonly each: number }
  | { readonly kind: "doubled"; readonly each: number }
  | { readonly kind: "delayed"; readonly byMs: number };

/** A TCP proxy that passes on what clients send, and changes what the server sends, on connections that stay open. */
export interface ReplyFaultProxy extends AsyncDisposable {
  readonly port: number;
  /** For every connection, also those that are open; undefined heals, and what is delayed still comes in order. */
  fault: ReplyFault | undefined;
}

export async function startReplyFaultProxy(target: {
  readonly host: string;
  readonly port: number;
}): Promise<ReplyFaultProxy> {
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
    let pieces = 0;
    let lastDueMs = 0;
    const passLater = (piece: Buffer, byMs: number) => {
      lastDueMs = Math.max(lastDueMs, performance.now() + byMs);
      setTimeout(() => client.writable && client.write(piece), lastDueMs - performance.now()).unref();
    };
    upstream.on("data", (piece) => {
      pieces++;
      const { fault } = proxy;
      if (fault?.kind === "eaten" && pieces % fault.each === 0) return;
      if (fault?.kind === "delayed") return passLater(piece, fault.byMs);
      if (lastDueMs > performance.now()) return passLater(piece, 0);
      client.write(fault?.kind === "doubled" && pieces % fault.each === 0 ? Buffer.concat([piece, piece]) : piece);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the proxy has no port");

  const proxy: ReplyFaultProxy = {
    port: address.port,
    fault: undefined,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
  return proxy;
}
