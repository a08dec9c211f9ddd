import assert from "node:assert/strict";
import dns from "node:dns";
import { once } from "node:events";
import { syncBuiltinESMExports } from "node:module";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { describe, it } from "node:test";
import { waitUntil } from "@rollcall/testing";
import { lead, withRedis } from "./support-redis.js";

const host = "redis.rollcall.test";

describe("a Redis by its name", () => {
  it(
    "is connected again while the resolver hangs, at the address that the name had before",
    withRedis({}, async ({ server, connect }) => {
      const restore = resolving(server.host);
      try {
        const one = await connect({ redis: { kind: "url", url: `redis://${host}:${server.port}` } });
        const before = one.connections();
        restore.hang();
        await server.client.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
        await server.client.call("CLIENT", "KILL", "TYPE", "pubsub", "SKIPME", "yes");
        await waitUntil("it is connected again", () => one.connections() > before && one.store.isConnected);
        await lead(one);
      } finally {
        restore.end();
      }
    }),
  );

  it(
    "a Sentinel that sends what no Redis sends ends no process, and the next Sentinel is asked",
    withRedis({}, async ({ server, open }) => {
      let asked = 0;
      await using broken = await sentinel((socket) => {
        asked++;
        answerAsSentinel(socket, server, ">1\r\n$9\r\nsubscribe\r\n");
      });
      await using good = await sentinel((socket) => answerAsSentinel(socket, server));
      const sentinels = [broken, good].map(({ port }) => ({ host: "127.0.0.1", port }));
      const one = open({ redis: { kind: "options", options: { sentinels, name: "ours" } } });
      await waitUntil("it is connected", () => one.store.isConnected && one.connections() > 0);
      assert.ok(asked > 0);
      await lead(one);
    }),
  );
});

/** Names resolve to that address, until `hang`: from then on no lookup ends. */
function resolving(address: string) {
  const { lookup } = dns;
  let hangs = false;
  const replaced = (name: string, options: object, done: (error: null, found: unknown) => void) => {
    if (name !== host) return Reflect.apply(lookup, dns, [name, options, done]);
    if (!hangs) setImmediate(done, null, [{ address, family: 4 }]);
  };
  const put = (value: unknown) => {
    Reflect.set(dns, "lookup", value);
    syncBuiltinESMExports();
  };
  put(replaced);
  return {
    hang: () => {
      hangs = true;
    },
    end: () => put(lookup),
  };
}

async function sentinel(onConnection: (socket: Socket) => void) {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on("error", () => {}));
    onConnection(socket);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

/** Without RESP3, as before Redis 6. @param more follows the name of the primary at once */
function answerAsSentinel(socket: Socket, primary: { readonly host: string; readonly port: number }, more = ""): void {
  const texts = [primary.host, `${primary.port}`].map((text) => `$${text.length}\r\n${text}\r\n`);
  socket.on("data", (chunk) => {
    for (const command of chunk
      .toString()
      .split(/^\*\d+\r\n/m)
      .slice(1)) {
      if (/hello/i.test(command)) socket.write("-ERR unknown command 'HELLO'\r\n");
      else if (/get-master-addr-by-name/i.test(command)) socket.write(`*2\r\n${texts.join("")}${more}`);
      else if (/\bsentinels\b/i.test(command)) socket.write("*0\r\n");
      else socket.write("+OK\r\n");
    }
  });
}
