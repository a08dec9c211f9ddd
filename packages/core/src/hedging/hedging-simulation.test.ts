import assert from "node:assert/strict";
import { it } from "node:test";
import { type HedgingRun, simulateHedging } from "./hedging-simulation.test.support.js";

/** Most searches take about 10 ms, some several times that. */
const usual = (_: number, __: number, random: () => number): number => {
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return 10 * Math.exp(0.5 * normal);
};
const onsetMs = 4_000;
const frozen = { workMs: usual, frozenFromMs: onsetMs };
/** Node 0 delays a tenth of its answers by 300 ms. */
const stalling: HedgingRun["workMs"] = (node, atMs, random) =>
  usual(node, atMs, random) + (node === 0 && atMs > onsetMs && random() < 0.1 ? 300 : 0);
/** One in twenty searches is a long one, whatever the node. */
const mixed: HedgingRun["workMs"] = (node, atMs, random, request) =>
  request % 20 === 0 ? 200 : usual(node, atMs, random);
const hanging: HedgingRun["workMs"] = (node, atMs, random) =>
  random() < 0.01 ? Number.POSITIVE_INFINITY : usual(node, atMs, random);

const slowest = (run: HedgingRun) => simulateHedging(run).tookMs.at(-1) ?? 0;
const costOf = (run: HedgingRun) => {
  const { lostMs, answeredMs } = simulateHedging(run).counts;
  return lostMs / answeredMs;
};

it("simulated, hedges cost a healthy cluster less than one request in a hundred", () => {
  const { counts, requests } = simulateHedging({ rule: "rule", workMs: usual });
  assert.ok(counts.sent < 0.01 * requests, `${counts.sent} of ${requests}`);
});

it("simulated, a frozen node costs its slowest Read less than 350 ms; without hedges it waits for the timeout or the stall detector", () => {
  assert.ok(slowest({ rule: "rule", ...frozen }) < 350);
  const { tookMs, unanswered } = simulateHedging({ rule: "none", ...frozen });
  assert.ok(unanswered > 0 || (tookMs.at(-1) ?? 0) > 500);
});

it("simulated, a search that would never be answered is answered by a hedge", () => {
  assert.ok(simulateHedging({ rule: "none", workMs: hanging }).unanswered > 10);
  assert.equal(simulateHedging({ rule: "rule", workMs: hanging }).unanswered, 0);
});

it("simulated, a first attempt that was outrun stays on, so that a frozen node is ejected: with both closed at once it is not", () => {
  const rule = simulateHedging({ rule: "rule", ...frozen });
  const mutant = simulateHedging({ rule: "both closed", ...frozen });
  assert.ok(mutant.counts.sent > 2 * rule.counts.sent, `${rule.counts.sent} hedges, mutant ${mutant.counts.sent}`);
});

it("simulated, a node that delays a tenth is avoided: with samples of attempts that were cut short it is not", () => {
  const rule = simulateHedging({ rule: "rule", workMs: stalling });
  const mutant = simulateHedging({ rule: "censored samples", workMs: stalling });
  const found = `${rule.shareOfFirstNode}, mutant ${mutant.shareOfFirstNode}`;
  assert.ok(rule.shareOfFirstNode < 0.75 * mutant.shareOfFirstNode, found);
});

it("simulated, hedges that are of no use cost what they may: bounded by their count alone they cost several times that", () => {
  const cost = costOf({ rule: "rule", workMs: mixed });
  const mutant = costOf({ rule: "count alone", workMs: mixed });
  assert.ok(cost < 0.03 && mutant > 2 * cost, `${cost}, mutant ${mutant}`);
});

it("simulated, where answers are uneven at all nodes a frozen node costs half of what it does if Reads at a silent node have no more than the others", () => {
  const uneven: HedgingRun["workMs"] = (node, atMs, random) =>
    usual(node, atMs, random) + (random() < 0.1 ? 100 * random() : 0);
  const cost = (rule: HedgingRun["rule"]) =>
    [8_000, 9_000, 10_000, 11_000].reduce(
      (sum, frozenFromMs) => sum + slowest({ rule, workMs: uneven, frozenFromMs, perSecond: 100 }),
      0,
    );
  const [rule, mutant] = [cost("rule"), cost("never overdrawn")];
  assert.ok(rule < 0.5 * mutant, `${rule}, mutant ${mutant}`);
});

it("simulated, a process that hardly gets a processor sends no hedges for what it has not read yet: judged as soon as it runs, they are many", () => {
  const late: HedgingRun["workMs"] = (node, atMs, random) => usual(node, atMs, random) + 100 * random() ** 2;
  const starved = { workMs: late, starved: { everyMs: 1_000, ms: 700 } };
  const rule = simulateHedging({ rule: "rule", ...starved });
  const mutant = simulateHedging({ rule: "judged late", ...starved });
  const found = `${rule.counts.sent} of ${rule.requests}, mutant ${mutant.counts.sent} of ${mutant.requests}`;
  assert.ok(rule.counts.sent < 0.01 * rule.requests && mutant.counts.sent > 0.03 * mutant.requests, found);
});

it("simulated, on a machine without a free processor a frozen node costs no more with hedges than without, and no Read its answer", () => {
  const late: HedgingRun["workMs"] = (node, atMs, random) => usual(node, atMs, random) + 400 * random();
  const freeze = { workMs: late, starved: { everyMs: 300, ms: 150 }, frozenFromMs: onsetMs, frozenToMs: 7_000 };
  const rule = simulateHedging({ rule: "rule", ...freeze });
  assert.deepEqual([rule.unanswered, rule.counts.sent > 0], [0, true]);
  assert.ok((rule.tookMs.at(-1) ?? 0) <= slowest({ rule: "none", ...freeze }));
});
