import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, connect as dial, type Socket } from "node:net";
import { describe, it } from "node:test";
import { waitUntil } from "@rollcall/testing";
import { type Redises, withRedis } from "./support-redis.js";

/** From a store to a Redis, with answers that no Redis gives. */
interface FalseRedis extends AsyncDisposable {
  readonly url: string;
  /** Connections so far. */
  readonly connections: number;
  /** Writes this to the newest connection. */
  send(bytes: string): void;
  /** On the newest connection, what the Redis answers goes nowhere from now on; returns the connection. */
  mute(): Socket;
}

/** @param change what becomes of an answer; the connections are counted from 1 */
async function startFalseRedis(
  target: { readonly host: string; readonly port: number },
  change = (answer: Buffer, _connection: number): Buffer | string => answer,
): Promise<FalseRedis> {
  const clients: Socket[] = [];
  const muted = new Set<Socket>();
  const server = createServer((client) => {
    const number = clients.push(client);
    const upstream = dial(target);
    for (const socket of [client, upstream]) {
      socket.on("error", () => {});
      socket.once("close", () => {
        client.destroy();
        upstream.destroy();
      });
    }
    client.on("data", (bytes) => upstream.write(bytes));
    upstream.on("data", (bytes) => muted.has(client) || client.write(change(bytes, number)));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  const newest = () => {
    const client = clients.at(-1);
    assert.ok(client !== undefined);
    return client;
  };
  return {
    url: `redis://127.0.0.1:${address.port}`,
    get connections() {
      return clients.length;
    },
    send: (bytes) => newest().write(bytes, "latin1"),
    mute() {
      const client = newest();
      muted.add(client);
      return client;
    },
    async [Symbol.asyncDispose]() {
      for (const client of clients) client.destroy();
      server.close();
    },
  };
}

const withinMs = 10_000;

/** A reader behind a false Redis: does `harm`, and waits until the store has a new connection that works. */
async function recovers({ server, connect }: Redises, what: string, harm: (falseRedis: FalseRedis) => void) {
  await using falseRedis = await startFalseRedis(server);
  const one = await connect({ redis: { kind: "url", url: falseRedis.url }, mayLead: false });
  const before = falseRedis.connections;
  const begunMs = performance.now();
  harm(falseRedis);
  await waitUntil(`a new connection after ${what}`, () => falseRedis.connections > before && one.store.isConnected);
  await one.store.read();
  assert.ok(performance.now() - begunMs < withinMs, what);
  const [warning] = one.logger.messages("warn");
  await one.store.close();
  return warning;
}

// The test runner reports an uncaught exception as a failure of the test: so the application is alive.
describe("a Redis whose answers are broken", () => {
  it(
    "a connection with answers or messages that no Redis sends is made anew, and the log says why",
    withRedis({}, async (redises) => {
      for (const bytes of [
        ">1\r\n+message\r\n",
        ">2\r\n+message\r\n_\r\n",
        ">1\r\n$9\r\nsubscribe\r\n",
        ">1\r\n_\r\n",
        ">0\r\n",
        ">3\r\n$9\r\nsubscribe\r\n$1\r\nx\r\n:1\r\n",
        "+PONG\r\n",
        "$99999999999\r\n",
        "HTTP/1.1 400 Bad Request\r\n\r\n",
        "*1\r\n".repeat(50),
      ]) {
        const warning = await recovers(redises, JSON.stringify(bytes), (falseRedis) => falseRedis.send(bytes));
        assert.match(warning ?? "", /^Redis cannot be used: its answers cannot be read \(/, bytes);
      }
    }),
  );

  it(
    "a connection whose answer has no end, or which brings only messages, is made anew",
    withRedis({}, async (redises) => {
      const repeating = (client: Socket, bytes: string) => {
        const timer = setInterval(() => client.write(bytes), 100);
        client.once("close", () => clearInterval(timer));
      };
      await Promise.all([
        recovers(redises, "an answer in drops", (falseRedis) => {
          const client = falseRedis.mute();
          client.write("$100000\r\n");
          repeating(client, "x");
        }),
        recovers(redises, "messages alone", (falseRedis) => {
          repeating(falseRedis.mute(), ">3\r\n+message\r\n$7\r\nunknown\r\n+x\r\n");
        }),
      ]);
    }),
  );

  it(
    "a line without end is refused after a few megabytes",
    withRedis({}, async (redises) => {
      let taken = 0;
      await recovers(redises, "a line without end", (falseRedis) => {
        const client = falseRedis.mute();
        const part = "x".repeat(1_000_000);
        const flood = (failure?: Error | null) => {
          // A write that has failed is reported before the socket counts as destroyed: nothing was taken.
          if (failure || client.destroyed || taken >= 64_000_000) return;
          taken += part.length;
          client.write(part, flood);
        };
        client.write("+", flood);
      });
      assert.ok(taken < 32_000_000, `${taken} bytes were taken`);
    }),
  );

  it(
    "a subscription that is answered as another command is does not end the process",
    withRedis({}, async ({ server, open }) => {
      const change = (answer: Buffer, connection: number) =>
        connection === 1 && answer.includes("subscribe\r\n") ? ":1\r\n" : answer;
      await using falseRedis = await startFalseRedis(server, change);
      const one = open({ redis: { kind: "url", url: falseRedis.url }, mayLead: false });
      await waitUntil("the second connection works", () => falseRedis.connections === 2 && one.store.isConnected);
    }),
  );
});
