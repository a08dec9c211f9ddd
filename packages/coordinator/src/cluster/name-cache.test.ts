import assert from "node:assert/strict";
import type { LookupAddress } from "node:dns";
import { describe, it } from "node:test";
import { ManualTimers } from "@rollcall/testing";
import { NameCache, type Resolved } from "./name-cache.js";

const at = (...addresses: string[]): LookupAddress[] => addresses.map((address) => ({ address, family: 4 }));
const failed = (code: string) => Object.assign(new Error(code), { code });

/** A resolver that answers when a test says so. */
function cacheWithResolver() {
  const timers = new ManualTimers();
  const asked: { readonly host: string; readonly answer: Resolved }[] = [];
  const names = new NameCache(timers, (host, answer) => asked.push({ host, answer }));
  const resolve = (known: LookupAddress[] = [], host = "es1") => {
    const results: string[] = [];
    names.resolve(host, known, (error, addresses) =>
      results.push(
        error === null ? addresses.map(({ address }) => address).join() : `${"code" in error && error.code}`,
      ),
    );
    return results;
  };
  const answer = (addresses: LookupAddress[]) => asked.at(-1)?.answer(null, addresses);
  const fail = (code: string) => asked.at(-1)?.answer(failed(code), []);
  /** The name has these addresses, and the resolver was quick. */
  const learn = (...addresses: string[]) => {
    resolve();
    answer(at(...addresses));
  };
  return { timers, asked, resolve, answer, fail, learn };
}

describe("cache of names", () => {
  it("every connection gets what the resolver says now, and those that wait share one lookup", () => {
    const { asked, resolve, answer } = cacheWithResolver();
    const [first, second] = [resolve(), resolve()];
    assert.deepEqual([asked.length, first, second], [1, [], []]);
    answer(at("10.0.0.1"));
    assert.deepEqual([first, second], [["10.0.0.1"], ["10.0.0.1"]]);
    const third = resolve();
    answer(at("10.0.0.2"));
    assert.deepEqual([asked.length, third], [2, ["10.0.0.2"]]);
  });

  it("while the resolver is slow the last addresses serve on after 200 ms, later at once, and are refreshed behind", () => {
    const { timers, asked, resolve, answer, learn } = cacheWithResolver();
    learn("10.0.0.1");
    const first = resolve();
    timers.advance(199);
    assert.deepEqual(first, []);
    timers.advance(1);
    assert.deepEqual(first, ["10.0.0.1"]);
    assert.deepEqual([resolve(), asked.length], [["10.0.0.1"], 2]);

    timers.advance(4_000);
    answer(at("10.0.0.2"));
    assert.deepEqual(
      [resolve(), asked.length],
      [["10.0.0.2"], 3],
      "the resolver was slow, so no connection waits for it",
    );
    answer(at("10.0.0.3"));
    const waiting = resolve();
    assert.deepEqual(waiting, [], "the resolver is quick again");
    answer(at("10.0.0.4"));
    assert.deepEqual(waiting, ["10.0.0.4"]);
  });

  it("while the resolver is away the last addresses serve on", () => {
    const { resolve, fail, learn } = cacheWithResolver();
    learn("10.0.0.1");
    for (const code of ["EAI_AGAIN", "EAI_FAIL", "ETIMEOUT"]) {
      const result = resolve();
      fail(code);
      assert.deepEqual(result, ["10.0.0.1"], code);
    }
  });

  it("a name that no longer exists has no addresses, whatever was known of it", () => {
    const { resolve, fail, learn } = cacheWithResolver();
    learn("10.0.0.1");
    for (let time = 0; time < 2; time++) {
      const result = resolve(at("10.0.0.9"));
      fail("ENOTFOUND");
      assert.deepEqual(result, ["ENOTFOUND"]);
    }
  });

  it("addresses that are known from elsewhere serve while the cache has none", () => {
    const { timers, resolve, fail } = cacheWithResolver();
    const away = resolve(at("10.0.0.9"));
    fail("EAI_AGAIN");
    assert.deepEqual(away, ["10.0.0.9"]);
    const slow = resolve(at("10.0.0.9"));
    timers.advance(200);
    assert.deepEqual(slow, ["10.0.0.9"]);
  });

  it("the first lookup of a name has 10 s, which is not the time to connect, and a lookup that hangs is not repeated", () => {
    const { timers, asked, resolve, answer } = cacheWithResolver();
    const first = resolve();
    timers.advance(9_999);
    assert.deepEqual(first, []);
    timers.advance(1);
    const second = resolve();
    assert.deepEqual([first, second, asked.length], [["EAI_AGAIN"], [], 1]);
    answer(at("10.0.0.1"));
    assert.deepEqual(second, ["10.0.0.1"]);
  });

  it("each name has its own addresses", () => {
    const { resolve, answer } = cacheWithResolver();
    const one = resolve([], "es1");
    answer(at("10.0.0.1"));
    const two = resolve([], "es2");
    answer(at("10.0.0.2"));
    assert.deepEqual([one, two], [["10.0.0.1"], ["10.0.0.2"]]);
  });
});
