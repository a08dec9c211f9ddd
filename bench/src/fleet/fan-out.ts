import { once } from "node:events";
import { createConnection, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { startRedis } from "@rollcall/testing/redis";
import { table } from "../report.js";
import { quantile } from "../statistics.js";

const sizes = [8, 64, 512] as const;
const channel = "bench";
/** As long as a head with a few marks. */
const message = "x".repeat(1_000);

/**
 * How long Redis takes to send one message to many. The machine holds no 512 replicas, but their connections: bare
 * sockets, all read by this one process, which is more work at one place than any replica has.
 */
export async function fanOut(messages: number): Promise<string> {
  await using redis = await startRedis();
  const rows: string[][] = [];
  for (const size of sizes) {
    console.log(`one message to ${size} connections`);
    const sockets = await Promise.all(Array.from({ length: size }, () => subscribed(redis.port)));
    const lastMs: number[] = [];
    for (let sent = 0; sent < messages; sent++) {
      const all = Promise.all(sockets.map((socket) => received(socket)));
      const startedMs = performance.now();
      await redis.client.publish(channel, message);
      await all;
      lastMs.push(performance.now() - startedMs);
      await sleep(5);
    }
    for (const socket of sockets) socket.destroy();
    rows.push([String(size), quantile(lastMs, 0.5).toFixed(1), quantile(lastMs, 0.99).toFixed(1)]);
  }
  return (
    "### Beyond this machine\n\n" +
    "Of Redis alone: from `PUBLISH` until the last of so many connections has the whole message. They are bare sockets in one " +
    "process, so this is an upper bound of what more replicas add.\n\n" +
    `${table(["connections", "last p50, ms", "p99, ms"], rows)}\n`
  );
}

async function subscribed(port: number): Promise<Socket> {
  const socket = createConnection({ host: "127.0.0.1", port });
  socket.setNoDelay(true);
  await once(socket, "connect");
  socket.write(`SUBSCRIBE ${channel}\r\n`);
  await once(socket, "data");
  return socket;
}

/** Resolves when the whole of the next message has come. */
function received(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    let bytes = 0;
    const onData = (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes < message.length) return;
      socket.off("data", onData);
      resolve();
    };
    socket.on("data", onData);
  });
}
