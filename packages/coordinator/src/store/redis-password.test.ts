import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RollcallError } from "@rollcall/core";
import { canary, collectingLogger, ManualTimers } from "@rollcall/testing";
import { openRedisPassword, type RedisPassword } from "./redis-password.js";

const timers = new ManualTimers();

function given(give: () => unknown): RedisPassword {
  const redis = { kind: "options" as const, options: {}, password: { kind: "function" as const, give } };
  const password = openRedisPassword(redis, timers, collectingLogger());
  assert.ok(password !== undefined);
  return password;
}

const failed = (why: string) => new RollcallError("REDIS", `Redis: the function given as \`password\` failed (${why})`);

describe("a function that gives the password of Redis", () => {
  it("is called once for connections that are opened together or soon after each other, and again later", async () => {
    let calls = 0;
    const password = given(async () => `password ${++calls}`);
    await Promise.all([password.renew(), password.renew()]);
    await password.renew();
    assert.deepEqual([password.current, calls], ["password 1", 1]);
    timers.advance(10_000);
    await password.renew();
    assert.deepEqual([password.current, calls], ["password 2", 2]);
  });

  it("is called at once when Redis has refused what it gave", async () => {
    let calls = 0;
    const password = given(() => `password ${++calls}`);
    await password.renew();
    password.refused();
    await password.renew();
    assert.deepEqual([password.current, calls], ["password 2", 2]);
  });

  it("may fail while the password before is not refused, and then no connection is opened", async () => {
    let give: () => unknown = () => "good";
    const password = given(() => give());
    await password.renew();
    const secret = canary("thrown");
    give = () => {
      throw new Error(secret);
    };
    timers.advance(10_000);
    await password.renew();
    assert.equal(password.current, "good");
    password.refused();
    await assert.rejects(password.renew(), failed("it threw"));
    give = () => 7;
    await assert.rejects(password.renew(), failed("it gave no text"));
    give = () => undefined;
    await password.renew();
    assert.equal(password.current, undefined, "none is a password, too");
  });

  it("that does not answer fails after 10 s, and its late answer is ignored", async () => {
    let answer = (_: string) => {};
    const password = given(() => new Promise<string>((resolve) => (answer = resolve)));
    const renewed = password.renew();
    timers.advance(10_000);
    await assert.rejects(renewed, failed("no answer within 10000 ms"));
    answer("late");
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(password.current, undefined);
  });
});
