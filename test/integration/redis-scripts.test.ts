import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { it } from "node:test";
import { redisKeys } from "@rollcall/core/view";
import { seededRandom } from "@rollcall/testing";
import { startRedis } from "@rollcall/testing/redis";
import { type FiveKeys, scriptsOf } from "#coordinator/store/scripts";
import { RedisData } from "../simulation/redis-data.js";
import { redisScripts } from "../simulation/redis-scripts.js";

const calls = 1_500;
const leaseMs = 60_000;
const aheadMs = 86_400_000;

it("the simulation's scripts do what those in Lua do, call by call", async () => {
  await using server = await startRedis();
  const { client } = server;
  const scripts = scriptsOf(client);
  const { lease, epoch, head, topology, marks, history, events } = redisKeys("logs");
  const five: FiveKeys = [lease, epoch, head, topology, marks];
  const simulated: string[] = [];
  const data = new RedisData(
    () => Date.now(),
    (_channel, message) => simulated.push(timeless(message)),
  );
  const received: string[] = [];
  const listener = client.duplicate();
  listener.on("message", (_channel, message) => received.push(timeless(message)));
  await listener.subscribe(events);

  const random = seededRandom(1);
  const one = <Item>(items: readonly Item[]): Item => {
    const [first] = items;
    const item = items[Math.floor(random() * items.length)] ?? first;
    assert.ok(item !== undefined);
    return item;
  };
  // Each side has epochs of its own time: they are known by when they were given.
  const epochs: { readonly real: string; readonly simulated: string }[] = [{ real: "1", simulated: "1" }];
  const seen = new Map<string, number>();
  let sequence = 1;

  const simulate = (script: string, keys: readonly string[], ...args: readonly (string | number)[]) => {
    return redisScripts[script]?.(data, keys, args.map(String)) ?? null;
  };
  const call = async (): Promise<readonly [string, unknown, unknown]> => {
    const kind = one([
      "acquire",
      "renew",
      "renew",
      "publish",
      "publish",
      "publish",
      "record",
      "record",
      "release",
      "damage",
    ]);
    const leader = one(["a", "a", "a", "b"]);
    const given = random() < 0.8 ? epochs.at(-1) : one(epochs);
    assert.ok(given !== undefined);
    if (random() < 0.6) sequence += one([0, 1, 1]);
    const numbers = [sequence - one([0, 0, 0, 1]), sequence - one([0, 0, 0, 1])] as const;
    const headOf = (its: string) => {
      const [topologyVersion, marksVersion] = numbers.map((number) => ({ epoch: Number(its), sequence: number }));
      return JSON.stringify({ topology: topologyVersion, marks: marksVersion });
    };
    const [newTopology, newMarks] = [one(["", "t", "tt"]), one(["", "m", "mm"])];
    const bytes = [one([newTopology.length, 1, 2]), one([newMarks.length, 1, 2])] as const;
    const hashes = ["t", "m"].map((letter, at) => sha1(letter.repeat(bytes[at] ?? 0)));
    switch (kind) {
      case "acquire": {
        const floorMs = one([0, 0, Date.now() + 2 * aheadMs]);
        const real = await scripts.acquire([lease, epoch], leader, leaseMs, floorMs, 7, aheadMs);
        const simulated = simulate("acquire", [lease, epoch], leader, leaseMs, floorMs, 7, aheadMs);
        if (real !== null && simulated !== null) epochs.push({ real: `${real}`, simulated: `${simulated}` });
        return [kind, real !== null, simulated !== null];
      }
      case "renew": {
        const isFirst = random() < 0.2;
        const argsOf = (its: string) =>
          [leader, its, leaseMs, isFirst ? "" : headOf(its), events, "<", ">", ...bytes, ...hashes] as const;
        return [
          kind,
          await scripts.renew(five, ...argsOf(given.real)),
          simulate(kind, five, ...argsOf(given.simulated)),
        ];
      }
      case "publish": {
        const argsOf = (its: string) =>
          [leader, its, ...numbers, headOf(its), events, "<", ">", newTopology, newMarks, ...bytes] as const;
        return [
          kind,
          await scripts.publish(five, ...argsOf(given.real)),
          simulate(kind, five, ...argsOf(given.simulated)),
        ];
      }
      case "record": {
        const length = (data.text(history) ?? "").length;
        const before = one(["", length, length, length, length + 1]);
        const message = one(["", "entries"]);
        const argsOf = (its: string) => [leader, its, before, "line\n", events, message] as const;
        return [
          kind,
          await scripts.record([lease, epoch, history], ...argsOf(given.real)),
          simulate(kind, [lease, epoch, history], ...argsOf(given.simulated)),
        ];
      }
      case "release": {
        const last = one(["", '{"released":true}']);
        const argsOf = (its: string) => [leader, its, events, "released", last] as const;
        return [
          kind,
          await scripts.release([lease, epoch, head], ...argsOf(given.real)),
          simulate(kind, [lease, epoch, head], ...argsOf(given.simulated)),
        ];
      }
      default: {
        const key = one([topology, marks, head, history, lease]);
        const sequence = one([1_000_000_000, 1_000_000_001, -1, "1"]);
        const version = (its = "") => ({ epoch: Number(its), sequence });
        const forged = (its = "") => JSON.stringify({ topology: version(its), marks: version(its) });
        switch (one(["lost", "other", "forged"])) {
          case "lost":
            await client.del(key);
            data.delete(key);
            break;
          case "other":
            // As long as what was there.
            await client.set(marks, "x");
            data.set(marks, "x");
            break;
          default:
            await client.set(head, forged(given.real));
            data.set(head, forged(given.simulated));
        }
        return [kind, true, true];
      }
    }
  };

  for (let at = 0; at < calls; at++) {
    const [kind, real, simulated] = await call();
    assert.deepEqual(simulated, real, `call ${at}: ${kind}`);
    seen.set(`${kind} ${real}`, (seen.get(`${kind} ${real}`) ?? 0) + 1);
    for (const key of [lease, topology, marks, history]) {
      assert.equal(data.text(key) ?? null, await client.get(key), `${key} after call ${at}: ${kind}`);
    }
    assert.equal(timeless(data.text(head) ?? ""), timeless((await client.get(head)) ?? ""), `head after call ${at}`);
  }
  await client.publish(events, "the end");
  while (received.at(-1) !== "the end") await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(simulated, received.slice(0, -1));
  for (const outcome of [
    "acquire true",
    "acquire false",
    "renew kept",
    "renew lost",
    "renew incomplete",
    "record kept",
    "record lost",
    "record incomplete",
    "release 1",
  ]) {
    assert.ok(seen.has(outcome), `it never came to "${outcome}"`);
  }
  for (const outcome of ["published", "same", "older", "lost"]) {
    assert.ok(seen.has(`publish ${outcome}`), `it never came to "publish ${outcome}"`);
  }
  listener.disconnect();
});

/** Without what differs by the two sides' clocks. */
function timeless(text: string): string {
  return text.replace(/"(epoch|atMs)":\d+/g, '"$1":0');
}

function sha1(text: string): string {
  return createHash("sha1").update(text).digest("hex");
}
