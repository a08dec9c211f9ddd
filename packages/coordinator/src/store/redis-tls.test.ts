import assert from "node:assert/strict";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { describe, it } from "node:test";
import { createServer } from "node:tls";
import type { RedisConfig } from "@rollcall/core/config";
import { waitUntil } from "@rollcall/testing";
import { makeAuthority } from "../cluster/certificates.test.support.js";
import { NameCache } from "../cluster/name-cache.js";
import { systemTimers } from "../system-timers.js";
import { createRedisClient } from "./redis-clients.js";

describe("TLS to Redis", () => {
  const forms: readonly (readonly [string, (port: number) => RedisConfig])[] = [
    ["a URL", (port) => ({ kind: "url", url: `rediss://:secret@127.0.0.1:${port}` })],
    ["options", (port) => ({ kind: "options", options: { host: "127.0.0.1", port, password: "secret", tls: {} } })],
    [
      "cluster options",
      (port) => ({
        kind: "cluster",
        nodes: [{ host: "127.0.0.1", port }],
        options: { redisOptions: { password: "secret", tls: {} } },
      }),
    ],
  ];
  for (const [form, configAt] of forms) {
    it(`NODE_TLS_REJECT_UNAUTHORIZED=0 gives no password to a server that nothing vouches for, by ${form}`, async (test) => {
      const { NODE_TLS_REJECT_UNAUTHORIZED: before } = process.env;
      process.env.NODE_TLS_REJECT_UNAUTHORIZED = "0";
      let ended = 0;
      const received: Buffer[] = [];
      const server = createServer(await makeAuthority("stranger"), (socket) => {
        socket.on("error", () => {}).on("data", (chunk) => received.push(chunk));
      });
      server.on("connection", (socket) => socket.on("close", () => ended++)).on("tlsClientError", () => {});
      server.listen(0, "127.0.0.1");
      await once(server, "listening");
      const client = createRedisClient(configAt((server.address() as AddressInfo).port), {
        names: new NameCache(systemTimers),
        timers: systemTimers,
        random: Math.random,
        greeting: { clientName: "test" },
      });
      client.on("error", () => {});
      test.after(() => {
        client.disconnect();
        server.close();
        if (before === undefined) delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
        else process.env.NODE_TLS_REJECT_UNAUTHORIZED = before;
      });
      await waitUntil("two attempts have ended, or one was served", () => ended >= 2 || received.length > 0);
      assert.equal(Buffer.concat(received).toString(), "");
    });
  }
});
