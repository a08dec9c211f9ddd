import assert from "node:assert/strict";
import { it } from "node:test";
import { parseViewPlace, redactRedis } from "@rollcall/core/config";
import { redisText } from "./redis-text.js";

const shown = (redis: unknown) => redisText(redactRedis(parseViewPlace({ redis, name: "logs" }).redis));

it("tells where Redis is, in every form of the option, without what is secret", () => {
  assert.equal(shown("rediss://u:geheim@r:6380/2"), "rediss://r:6380/2");
  assert.equal(shown({ host: "::1", port: 6379, db: 3, tls: {}, password: "geheim" }), "rediss://[::1]:6379/3");
  assert.equal(shown({ host: "r" }), "redis://r");
  assert.equal(shown({ sentinels: [{ host: "s" }], name: "m", password: "geheim" }), "the Redis of the given options");
  assert.equal(
    shown({ cluster: ["redis://:geheim@a:1", { host: "b", port: 2 }] }),
    "the Redis Cluster of redis://a:1, redis://b:2",
  );
});
