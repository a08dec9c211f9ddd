import assert from "node:assert/strict";
import { it } from "node:test";
import { parseViewPlace, redactRedis } from "@rollcall/core/config";
import { redisText } from "./redis-text.js";

const shown = (redis: unknown) => redisText(redactRedis(parseViewPlace({ redis, name: "logs" }).redis));

it("the place of Redis is shown in every form of the option, without what is secret", () => {
  const cases: readonly (readonly [redis: unknown, text: string])[] = [
    ["rediss://u:geheim@r:6380/2", "rediss://r:6380/2"],
    [{ host: "::1", port: 6379, db: 3, tls: {}, password: "geheim" }, "rediss://[::1]:6379/3"],
    [{ host: "r" }, "redis://r"],
    [{ sentinels: [{ host: "s" }], name: "m", password: "geheim" }, "the Redis of the given options"],
    [{ cluster: ["redis://:geheim@a:1", { host: "b", port: 2 }] }, "the Redis Cluster of redis://a:1, redis://b:2"],
  ];
  for (const [redis, text] of cases) assert.equal(shown(redis), text);
});
