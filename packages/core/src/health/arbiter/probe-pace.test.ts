import assert from "node:assert/strict";
import { it } from "node:test";
import { ManualTimers, seededRandom } from "@rollcall/testing";
import { ReducerRunner } from "../../reducer-runner.js";
import { arbiterReducer, emptyArbiter } from "./arbiter.js";
import type { ArbiterEffect } from "./arbiter-events.js";

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

interface Played {
  /** When each node was probed. */
  readonly probes: ReadonlyMap<string, readonly number[]>;
  /** How many probes there were a second, from one time to another. */
  perSecond(fromMs: number, toMs: number): number;
  /** In the second with the most, from one time to another. */
  mostInASecond(fromMs: number, toMs: number): number;
}

/** A cluster of so many nodes that all answer at once, which is used at these times. */
function play(nodes: number, forMs: number, isUsed: (nowMs: number) => boolean): Played {
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
  for (let passedMs = 0; passedMs < forMs; passedMs += 1_000) {
    timers.advance(1_000);
    if (isUsed(timers.nowMs())) runner.send({ type: "used" });
  }
  runner.close();
  const within = (fromMs: number, toMs: number) =>
    [...probes.values()].flat().filter((atMs) => atMs >= fromMs && atMs < toMs);
  return {
    probes,
    perSecond: (fromMs, toMs) => within(fromMs, toMs).length / ((toMs - fromMs) / 1_000),
    mostInASecond: (fromMs, toMs) => {
      const bySecond = new Map<number, number>();
      for (const atMs of within(fromMs, toMs)) {
        const second = Math.floor(atMs / 1_000);
        bySecond.set(second, (bySecond.get(second) ?? 0) + 1);
      }
      return Math.max(0, ...bySecond.values());
    },
  };
}

const always = () => true;
const never = () => false;

it("a cluster of hundreds of nodes is probed no oftener than one of fifty, and each of its nodes in its turn", () => {
  const perSecond = (nodes: number) => play(nodes, 360_000, always).perSecond(minuteMs, 360_000);
  const [ofFifty, ofHundreds] = [perSecond(50), perSecond(400)];
  assert.ok(ofFifty > 4.5 && ofFifty < 5.5, `${ofFifty}`);
  assert.ok(ofHundreds > 4 && ofHundreds < 6, `${ofHundreds}`);
  for (const [key, times] of play(400, 360_000, always).probes) {
    assert.ok(times.length >= 4, `${key}: ${times}`);
    for (const [at, atMs] of times.entries()) assert.ok(atMs - (times[at - 1] ?? 0) < 97_000, `${key}: ${times}`);
  }
});

it("a second of a large cluster that has just started holds few more probes than any other", () => {
  const most = play(400, 120_000, always).mostInASecond(1_000, 120_000);
  assert.ok(most <= 20, `${most}`);
});

it("a cluster without requests is probed as often with three nodes as with a thousand", () => {
  const perSecond = (nodes: number) => play(nodes, hourMs, never).perSecond(5 * minuteMs, hourMs);
  for (const nodes of [3, 4, 30, 300, 1_000]) {
    const measured = perSecond(nodes);
    assert.ok(measured > 0.25 && measured < 0.36, `${nodes} nodes: ${measured}`);
  }
});

it("each node of a cluster without requests has its turn, within 73 minutes however many there are", () => {
  const { probes } = play(2_000, 3 * hourMs, never);
  assert.equal(probes.size, 2_000);
  for (const [key, times] of probes) {
    for (const [at, atMs] of times.entries())
      assert.ok(atMs - (times[at - 1] ?? 0) < 73 * minuteMs, `${key}: ${times}`);
    assert.ok(3 * hourMs - (times.at(-1) ?? 0) < 73 * minuteMs, `${key}: ${times}`);
  }
});

it("with the first request the usual pace begins at once, and no probes come together", () => {
  const usedFromMs = 20 * minuteMs;
  for (const nodes of [30, 300, 1_000]) {
    const played = play(nodes, usedFromMs + 5 * minuteMs, (nowMs) => nowMs >= usedFromMs);
    const first = played.perSecond(usedFromMs, usedFromMs + 10_000);
    const [least, greatest] = nodes === 30 ? [2, 4] : [3, 7];
    assert.ok(first >= least && first <= greatest, `${nodes} nodes: ${first} a second`);
    assert.ok(played.mostInASecond(usedFromMs, usedFromMs + 5 * minuteMs) <= 15, `${nodes} nodes`);
  }
});

it("a cluster that is used once in fifty seconds is never without requests", () => {
  const rate = play(30, 10 * minuteMs, (nowMs) => nowMs % 50_000 === 0).perSecond(minuteMs, 10 * minuteMs);
  assert.ok(rate > 2.5 && rate < 3.5, `${rate}`);
});
