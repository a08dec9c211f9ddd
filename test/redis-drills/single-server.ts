import { randomUUID } from "node:crypto";
import { canary } from "@rollcall/testing";
import { type ReplyFaultProxy, startReplyFaultProxy } from "@rollcall/testing/proxies";
import { type RedisServer, startRedis } from "@rollcall/testing/redis";
import { type DrillRedis, processNames } from "./drill.js";

/** One server, which the processes reach through a proxy, each as a user of its own that may do everything. */
export interface SingleServer extends DrillRedis {
  readonly server: RedisServer;
  readonly proxy: ReplyFaultProxy;
  /** `ACL SETUSER` for each process. */
  setUsers(...words: string[]): Promise<void>;
}

export async function startSingleServer(): Promise<SingleServer> {
  const password = canary("drill");
  const rules = `on >${password} ~* &* +@all`;
  const server = await startRedis({
    users: Object.fromEntries(processNames.map((name) => [name, rules])),
    // A script counts as long after a second. A key takes 8 ms to load.
    config: ["lua-time-limit 1000", "key-load-delay 8000", "loading-process-events-interval-bytes 1024"],
  });
  const proxy = await startReplyFaultProxy(server);
  return {
    server,
    proxy,
    redisFor: (username) => `redis://${username}:${encodeURIComponent(password)}@127.0.0.1:${proxy.port}`,
    async setUsers(...words) {
      for (const name of processNames) await server.client.call("ACL", "SETUSER", name, ...words);
    },
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]();
      await server.close();
    },
  };
}

/** Fills the server with keys of another program, of so many bytes each. */
export async function fill({ client }: RedisServer, keys: number, byteLength: number): Promise<void> {
  const value = "x".repeat(byteLength);
  const pipeline = client.pipeline();
  const run = randomUUID();
  for (let at = 0; at < keys; at++) pipeline.set(`other:${run}:${at}`, value);
  await pipeline.exec();
}
