// node throttled-proxy.js PORT BITS_PER_SECOND: passes connections on to 127.0.0.1:PORT over one link of that speed in
// each direction. It holds one read of each connection at most.

import type { AddressInfo } from "node:net";
import { connect, createServer, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

const [port = "", bitsPerSecond = ""] = process.argv.slice(2);
const bytesPerMs = Number(bitsPerSecond) / 8_000;

/** A timer is no more exact: what would wait for less passes at once, and the next bytes wait longer. */
const timerMs = 1;

/** One direction of the link, shared by all connections. */
class Link {
  private freeAtMs = 0;

  /** Resolves when so many bytes have passed. */
  async pass(byteLength: number): Promise<void> {
    const nowMs = performance.now();
    this.freeAtMs = Math.max(nowMs, this.freeAtMs) + byteLength / bytesPerMs;
    const waitMs = this.freeAtMs - nowMs;
    if (waitMs >= timerMs) await sleep(waitMs);
  }
}

const there = new Link();
const back = new Link();

async function carry(from: Socket, to: Socket, link: Link): Promise<void> {
  try {
    for await (const bytes of from) {
      await link.pass((bytes as Buffer).length);
      if (!to.write(bytes as Buffer)) await new Promise<void>((go) => to.once("drain", go).once("close", go));
    }
    to.end();
  } catch {
    to.destroy();
  }
}

const server = createServer({ noDelay: true }, (client) => {
  const node = connect({ host: "127.0.0.1", port: Number(port), noDelay: true });
  for (const socket of [client, node]) socket.on("error", () => {});
  void carry(client, node, there);
  void carry(node, client, back);
});
server.listen(0, "127.0.0.1", () => {
  process.on("message", () => process.send?.((server.address() as AddressInfo).port));
});
