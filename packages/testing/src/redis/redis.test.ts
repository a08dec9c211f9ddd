import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Redis } from "ioredis";
import { waitUntil } from "../wait-until.js";
import { startRedis } from "./index.js";

describe("Redis server", () => {
  it("a Redis server of a test freezes and thaws, dies, and comes back empty on the same port", async () => {
    await using server = await startRedis();
    await server.client.set("a", "1");
    server.freeze();
    let isAnswered = false;
    const answer = server.client.get("a").finally(() => {
      isAnswered = true;
    });
    const other = new Redis({ port: server.port, host: server.host, connectTimeout: 1_000, commandTimeout: 300 });
    other.on("error", () => {});
    await assert.rejects(other.ping(), /timed out/);
    other.disconnect();
    assert.equal(isAnswered, false);
    server.thaw();
    assert.equal(await answer, "1");

    const { port } = server;
    await server.kill();
    const late = server.client.get("a");
    await server.restart();
    assert.deepEqual([await late, server.port], [null, port]);
  });

  it("a Redis server of a test has a password and users", async () => {
    const users = { reader: "on >word resetkeys resetchannels -@all +get +hello +auth +info ~mine:*" };
    await using server = await startRedis({ password: "secret", users });
    assert.equal(await server.client.set("mine:a", "1"), "OK");
    const reader = new Redis(server.urlFor({ username: "reader", password: "word" }), { disableClientInfo: true });
    assert.equal(await reader.get("mine:a"), "1");
    await assert.rejects(reader.get("yours:a"), /NOPERM/);
    reader.disconnect();
    const anonymous = new Redis(`redis://127.0.0.1:${server.port}`, { retryStrategy: () => null });
    const errors: string[] = [];
    anonymous.on("error", (error: Error) => errors.push(error.message));
    await waitUntil("it is refused", () => errors.some((message) => message.includes("NOAUTH")));
    anonymous.disconnect();
  });
});
