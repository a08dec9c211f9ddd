import assert from "node:assert/strict";
import { it } from "node:test";
import { ManualTimers, seededRandom } from "@rollcall/testing";
import { ReducerRunner } from "../../reducer-runner.js";
import { arbiterReducer, emptyArbiter } from "./arbiter.js";
import type { ArbiterEffect } from "./arbiter-events.js";

/** When each node was probed, in a cluster of so many that all answer at once. */
function probesOf(nodes: number, forMs: number): ReadonlyMap<string, readonly number[]> {
  const timers = new ManualTimers(0);
  const random = seededRandom(7);
  const probes = new Map<string, number[]>();
  const answer = (effect: ArbiterEffect) => {
    if (effect.type !== "probe") return;
    const { key } = effect;
    probes.set(key, [...(probes.get(key) ?? []), timers.nowMs()]);
    timers.after(3, () => runner.send({ type: "probed", key, outcome: "verified", reason: "" }));
  };
  const runner = new ReducerRunner(emptyArbiter, arbiterReducer(random), { timers, carryOut: answer });
  const members = Array.from({ length: nodes }, (_, at) => ({
    ...{ key: `n${at}@10.0.0.${at}:1`, address: `10.0.0.${at}:1`, trusted: false },
  }));
  runner.send({ type: "members", nodes: members, firstView: true });
  for (let passedMs = 0; passedMs < forMs; passedMs += 1_000) timers.advance(1_000);
  runner.close();
  return probes;
}

it("a cluster of hundreds of nodes is probed no oftener than one of fifty, and each of its nodes in its turn", () => {
  const perSecond = (nodes: number) => {
    const times = [...probesOf(nodes, 360_000).values()].flat();
    return times.filter((atMs) => atMs >= 60_000).length / 300;
  };
  const [ofFifty, ofHundreds] = [perSecond(50), perSecond(400)];
  assert.ok(ofFifty > 4.5 && ofFifty < 5.5, `${ofFifty}`);
  assert.ok(ofHundreds > 4 && ofHundreds < 6, `${ofHundreds}`);
  for (const [key, times] of probesOf(400, 360_000)) {
    assert.ok(times.length >= 4, `${key}: ${times}`);
    for (const [at, atMs] of times.entries()) assert.ok(atMs - (times[at - 1] ?? 0) < 97_000, `${key}: ${times}`);
  }
});

it("a second of a large cluster that has just started holds few more probes than any other", () => {
  const started = [...probesOf(400, 120_000).values()].flat().filter((atMs) => atMs >= 1_000);
  const bySecond = new Map<number, number>();
  for (const atMs of started) bySecond.set(Math.floor(atMs / 1_000), (bySecond.get(Math.floor(atMs / 1_000)) ?? 0) + 1);
  assert.ok(Math.max(...bySecond.values()) <= 20, `${[...bySecond.values()]}`);
});
