import assert from "node:assert/strict";
import { it } from "node:test";
import { seededRandom } from "@rollcall/testing";
import fc from "fast-check";
import { rosterOf, type SelectableNode } from "./eligible.js";
import { Exploration } from "./exploration.js";
import type { NodeReader } from "./node-reader.js";
import { type Picked, pick, pickAmong } from "./pick-two.js";

interface Row extends Omit<SelectableNode, "slot"> {
  readonly weight: number;
  readonly inFlight: number;
  readonly room: boolean;
  readonly refusedAtMs: number;
  readonly penalty: number;
  readonly begunAtMs: number;
}

const nowMs = 100_000;
const atRest = { weight: 1, inFlight: 0, room: true, penalty: 1, begunAtMs: 0 };
const well: Row = { tier: "node", mark: "none", ejected: false, ...atRest, refusedAtMs: Number.NEGATIVE_INFINITY };
const busy = (inFlight: number): Row => ({ ...well, inFlight });
const times = (count: number, row: Row) => Array<Row>(count).fill(row);
const down: Row = { ...well, mark: "down" };
const fullUp: Row = { ...well, room: false };
const bad: Row = { ...well, penalty: 100 };
const starting: Row = { ...well, mark: "slow-start", weight: 0.1 };

function readerOf(rows: readonly Row[]): NodeReader {
  const row = (slot: number) => rows[slot] ?? assert.fail(`no slot ${slot}`);
  return {
    roster: rosterOf(rows.map((row, slot) => ({ ...row, slot }))),
    weightOf: (slot) => row(slot).weight,
    inFlightOf: (slot) => row(slot).inFlight,
    hasRoom: (slot) => row(slot).room,
    refusedAtMs: (slot) => row(slot).refusedAtMs,
    penaltyOf: (slot) => row(slot).penalty,
    begunAtMs: (slot) => row(slot).begunAtMs,
  };
}

/** How often each slot is picked in `times` picks. */
function countPicks(rows: readonly Row[], times: number, tried: readonly number[] = []): number[] {
  const reader = readerOf(rows);
  const random = seededRandom(7);
  const counts = rows.map(() => 0);
  for (let time = 0; time < times; time++) {
    const picked = pick(reader, tried, nowMs, random);
    if (picked.type === "node") counts[picked.slot] = (counts[picked.slot] ?? 0) + 1;
  }
  return counts;
}

const sumOf = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0);
const shares = (counts: readonly number[]) => counts.map((count) => count / sumOf(counts));

function assertNear(actual: number | undefined, expected: number, tolerance: number): void {
  assert.ok(actual !== undefined && Math.abs(actual - expected) <= tolerance, `${actual} is not about ${expected}`);
}

function only(rows: readonly Row[], tried: readonly number[] = []): readonly number[] {
  return countPicks(rows, 200, tried).flatMap((count, slot) => (count > 0 ? [slot] : []));
}

const row: fc.Arbitrary<Row> = fc.record({
  tier: fc.constantFrom("node", "node", "node", "seed"),
  mark: fc.constantFrom("none", "none", "unverified", "slow-start", "draining", "down"),
  ejected: fc.boolean(),
  weight: fc.constantFrom(1, 1, 0.1),
  inFlight: fc.nat(3),
  room: fc.boolean(),
  refusedAtMs: fc.constantFrom(Number.NEGATIVE_INFINITY, nowMs - 500),
  penalty: fc.constantFrom(1, 1, 2, 50),
  begunAtMs: fc.constantFrom(0, nowMs - 500),
});
// Few nodes, and so many that two are guessed first.
const rows = fc.oneof(fc.array(row, { maxLength: 6 }), fc.array(row, { minLength: 20, maxLength: 60 }));
const picking = (check: (rows: Row[], picked: Picked, tried: number[]) => void) =>
  fc.assert(
    fc.property(rows, fc.array(fc.nat(6), { maxLength: 4 }), fc.nat(), (rows, tried, seed) => {
      check(rows, pick(readerOf(rows), tried, nowMs, seededRandom(seed)), tried);
    }),
    { numRuns: 1_000 },
  );

it("a pick takes the best that the roster, the tried nodes and their room allow", () => {
  picking((rows, picked, tried) => {
    const { eligible } = readerOf(rows).roster;
    const roomy = eligible.filter((slot) => rows[slot]?.room);
    const untried = roomy.filter((slot) => !tried.includes(slot));
    if (rows.length === 0) assert.equal(picked.type, "none");
    else if (roomy.length > 0) assert.equal(picked.type, "node");
    else if (tried.length === 0) assert.equal(picked.type, "full");
    else assert.notEqual(picked.type, "none");
    if (picked.type !== "node") return;
    assert.equal(rows[picked.slot]?.room, true, "the node has room");
    if (tried.includes(picked.slot)) assert.deepEqual(untried, [], "a tried node comes after every untried one");
    if (rows[picked.slot]?.mark !== "draining" || rows[picked.slot]?.tier === "seed") return;
    const others = rows.filter(({ tier, mark, room }, slot) => {
      return tier === "node" && mark !== "draining" && room && !tried.includes(slot);
    });
    assert.deepEqual(others, [], "a draining node comes last");
  });
});

for (const count of [3, 40]) {
  it(`requests spread evenly over ${count} idle nodes`, () => {
    const counts = countPicks(times(count, well), 1_000 * count);
    for (const share of shares(counts)) assertNear(share * count, 1, 0.12);
  });

  it(`the busiest of ${count} nodes is never picked, because two different ones are compared`, () => {
    const [first] = countPicks([busy(1), ...times(count - 1, well)], 2_000);
    assert.equal(first, 0);
  });
}

it("two of three nodes are compared, so the second best has its share", () => {
  const counts = countPicks([busy(0), busy(1), busy(2)], 3_000);
  assertNear(shares(counts)[0], 2 / 3, 0.03);
  assertNear(shares(counts)[1], 1 / 3, 0.03);
});

it("the only node is picked, however many requests it has in flight", () => {
  assert.deepEqual(only([busy(99)]), [0]);
});

it("a node in slow start takes part in as many draws as its weight says", () => {
  // Idle beside busy ones, it wins whenever it is one of the two: weight times two thirds.
  assertNear(shares(countPicks([busy(5), starting, busy(5)], 5_000))[1], 0.1 * (2 / 3), 0.015);
  assertNear(shares(countPicks([busy(5), { ...starting, weight: 0.5 }, busy(5)], 5_000))[1], 0.5 * (2 / 3), 0.03);
});

it("few nodes in slow start are drawn among many nodes, too", () => {
  const rows = [...times(20, starting), ...times(20, busy(5))];
  const picks = countPicks(rows, 4_000).slice(0, 20);
  // Of 22 that take part on average 2 are in slow start, and win against any other.
  assertNear(sumOf(picks) / 4_000, 1 - (20 * 19) / (22 * 21), 0.03);
});

it("slow start does not make a node look more costly", () => {
  const counts = countPicks([busy(1), starting], 2_000);
  assertNear(shares(counts)[1], 0.1, 0.03);
});

for (const count of [3, 40]) {
  it(`requests spread evenly over ${count} nodes that are all in slow start`, () => {
    const counts = countPicks(times(count, starting), 1_000 * count);
    for (const share of shares(counts)) assertNear(share * count, 1, 0.15);
  });
}

it("a request waits for a healthy node without room rather than use one that is down", () => {
  assert.deepEqual(pick(readerOf([fullUp, down]), [], nowMs, seededRandom(1)), { type: "full" });
});

it("a retry goes to a node that was not tried", () => {
  assert.deepEqual(only([well, well, well], [1]), [0, 2]);
  assert.deepEqual(only([well, well, well], [1, 0]), [2]);
});

it("a node that is down is tried before a tried one, and then the healthy ones begin again", () => {
  const seed: Row = { ...well, tier: "seed" };
  assert.deepEqual(only([well, down, seed], [0]), [1]);
  assert.deepEqual(only([well, down, seed], [0, 1]), [2]);
  assert.deepEqual(only([well, down, seed], [0, 1, 2]), [0]);
});

it("a retry returns to a tried node if the untried healthy ones have no room", () => {
  assert.deepEqual(only([well, fullUp, down], [0]), [0]);
});

it("nodes that refused a connection in the last second are picked last, in panic too", () => {
  const refusing = { ...down, refusedAtMs: nowMs - 999 };
  assert.deepEqual(only([refusing, { ...down, inFlight: 9 }, refusing]), [1]);
  assert.deepEqual(only([refusing, refusing]), [0, 1]);
  assert.deepEqual(only([...times(30, refusing), ...times(2, { ...down, inFlight: 9 })]), [30, 31]);
  assert.deepEqual(only([{ ...refusing, refusedAtMs: nowMs - 1_000 }, down]), [0, 1]);
  assert.deepEqual(only([{ ...well, refusedAtMs: nowMs - 1 }, well, well]), [1, 2]);
  assert.deepEqual(only([{ ...well, refusedAtMs: nowMs - 1 }, fullUp]), [0]);
});

it("requests avoid a penalized node, among few nodes and among many", () => {
  assert.deepEqual(only([bad, well, well]), [1, 2]);
  assert.equal(countPicks([bad, ...times(40, busy(9))], 1_000)[0], 0);
});

it("a penalized node is picked if it is cheaper all the same", () => {
  assert.deepEqual(only([{ ...well, penalty: 4 }, busy(4), busy(4)]), [0]);
  assert.deepEqual(only([{ ...well, penalty: 6 }, busy(4), busy(4)]), [1, 2]);
});

it("two penalized nodes are no pair while another node is healthy", () => {
  assert.deepEqual(only([bad, bad, well]), [2]);
});

it("the cheaper of two penalized nodes is picked if no other is left", () => {
  assert.deepEqual(only([bad, { ...bad, penalty: 200 }]), [0]);
  assert.deepEqual(only([bad, { ...bad, penalty: 200 }, fullUp]), [0]);
  assert.deepEqual(only([{ ...bad, penalty: 200 }, well], [1]), [0]);
});

it("a node that sits out in slow start is picked before a penalized one", () => {
  assert.deepEqual(only([bad, { ...starting, inFlight: 3 }]), [1]);
});

it("a penalized node is picked before one that has just refused", () => {
  const refusing = { ...down, refusedAtMs: nowMs - 1 };
  assert.deepEqual(only([refusing, { ...down, penalty: 50 }]), [1]);
});

it("no more than two nodes without a penalty are compared, whatever penalized ones there are", () => {
  const counts = countPicks([busy(0), busy(1), busy(2), bad, bad], 3_000);
  assertNear(shares(counts)[0], 2 / 3, 0.03);
  assertNear(shares(counts)[1], 1 / 3, 0.03);
  assert.equal(counts[2], 0);
});

it("pickAmong takes the cheaper of two of the given nodes, whatever the roster says", () => {
  const reader = readerOf([well, down, { ...down, inFlight: 2 }]);
  assert.deepEqual(pickAmong(reader, [1, 2], nowMs, seededRandom(1)), { type: "node", slot: 1 });
  assert.deepEqual(pickAmong(reader, [], nowMs, seededRandom(1)), { type: "none" });
  assert.deepEqual(pickAmong(readerOf([fullUp]), [0], nowMs, seededRandom(1)), { type: "full" });
});

/** Picks as often, 10 ms apart, with a node's own start noted as the dispatch does. */
function explore(rows: readonly Row[], times: number, everyMs: number, tried: readonly number[] = []): number[] {
  const begunAtMs = rows.map((row) => row.begunAtMs);
  const reader = { ...readerOf(rows), begunAtMs: (slot: number) => begunAtMs[slot] ?? 0 };
  const exploration = new Exploration();
  const random = seededRandom(3);
  const counts = rows.map(() => 0);
  for (let time = 0; time < times; time++) {
    const picked = pick(reader, tried, nowMs + time * everyMs, random, exploration);
    if (picked.type !== "node") continue;
    counts[picked.slot] = (counts[picked.slot] ?? 0) + 1;
    begunAtMs[picked.slot] = nowMs + time * everyMs;
  }
  return counts;
}

it("exploration spends one request in 200 on a penalized node", () => {
  const [tries = 0] = explore([bad, well, well], 20_000, 10);
  assert.ok(tries >= 95 && tries <= 100, `${tries} tries`);
});

it("exploration tries each penalized node at most once a second", () => {
  const counts = explore([bad, well, bad], 20_000, 1);
  assert.deepEqual([counts[0], counts[2]], [20, 20]);
});

it("exploration leaves out retries, nodes without room and nodes without a penalty", () => {
  assert.equal(explore([bad, well, well], 1_000, 10, [2])[0], 0);
  assert.equal(explore([{ ...bad, room: false }, well], 1_000, 10)[0], 0);
  assert.equal(explore([{ ...well, penalty: 2, inFlight: 9 }, well], 1_000, 10)[0], 0);
});
