import { type RelayTarget, startRelay } from "./relay.js";

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

export async function startReplyFaultProxy(target: RelayTarget): Promise<ReplyFaultProxy> {
  const relay = await startRelay(target, (client, upstream) => {
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
  const proxy: ReplyFaultProxy = { ...relay, fault: undefined };
  return proxy;
}
