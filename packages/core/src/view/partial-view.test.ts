import assert from "node:assert/strict";
import { it } from "node:test";
import fc from "fast-check";
import {
  emptyPartialView,
  missingFrom,
  type PartialView,
  viewOf,
  withHead,
  withMarks,
  withTopology,
} from "./partial-view.js";
import { compareVersions, type Version } from "./version.js";
import type { Head } from "./view.js";

const version = (epoch: number, sequence: number): Version => ({ epoch, leader: "a", sequence });
const head = (topology: Version, marks: Version, beat = 0): Head => {
  return { topology, marks, beat, atMs: beat, replicas: 1 };
};
const topology = (at: Version) => ({ version: at, source: "sniff" as const, nodes: [] });
const marks = (at: Version) => ({ version: at, nodes: {} });

it("a partial view becomes a view once it has a head and both documents, in whatever order they arrive", () => {
  const one = version(1, 1);
  const steps = [
    (partial: PartialView) => withHead(partial, head(one, one)),
    (partial: PartialView) => withTopology(partial, topology(one)),
    (partial: PartialView) => withMarks(partial, marks(one)),
  ];
  fc.assert(
    fc.property(fc.shuffledSubarray(steps, { minLength: 3 }), (order) => {
      let partial = emptyPartialView;
      for (const step of order) {
        assert.equal(viewOf(partial), undefined);
        partial = step(partial);
      }
      assert.deepEqual(viewOf(partial), { topology: topology(one), marks: marks(one), head: head(one, one) });
    }),
  );
});

it("newer marks are shown beside an older list of nodes, and the head names both versions", () => {
  let partial = withHead(emptyPartialView, head(version(1, 1), version(1, 1)));
  partial = withMarks(withTopology(partial, topology(version(1, 1))), marks(version(1, 1)));
  partial = withMarks(withHead(partial, head(version(1, 2), version(1, 2), 4)), marks(version(1, 2)));
  assert.deepEqual(missingFrom(partial), { topology: true, marks: false });
  assert.deepEqual(viewOf(partial)?.head, head(version(1, 1), version(1, 2), 4));
});

it("a beat that repeats or precedes the last one changes nothing", () => {
  const one = version(1, 1);
  const beaten = withHead(withHead(emptyPartialView, head(one, one, 1)), head(one, one, 2));
  assert.equal(beaten.head?.beat, 2);
  assert.equal(withHead(beaten, head(one, one, 2)), beaten, "the same again");
  assert.equal(withHead(beaten, head(one, one, 1)), beaten, "a late one");
});

it("the beats of a new leader may begin at 0 again, and a head that names an older document is ignored", () => {
  const old = withMarks(
    withTopology(withHead(emptyPartialView, head(version(1, 9), version(1, 9), 500)), topology(version(1, 9))),
    marks(version(1, 9)),
  );
  assert.equal(withHead(old, head(version(2, 1), version(2, 1), 0)).head?.beat, 0);
  assert.equal(withHead(old, head(version(0, 99), version(0, 99), 900)), old);
  assert.equal(withHead(old, head(version(2, 1), version(1, 8), 900)), old, "older by one is old");
});

it("a head that names documents that do not exist does not shut out the true heads", () => {
  const one = version(1, 1);
  const whole = withMarks(withTopology(withHead(emptyPartialView, head(one, one, 1)), topology(one)), marks(one));
  const misled = withHead(whole, head(version(9, 9), version(9, 9), 700));
  assert.deepEqual(missingFrom(misled), { topology: true, marks: true });
  const beaten = withHead(misled, head(one, one, 2));
  assert.deepEqual([missingFrom(beaten), viewOf(beaten)?.head], [{ topology: false, marks: false }, head(one, one, 2)]);
});

it("no document is ever replaced by an older one, whatever arrives in whatever order", () => {
  const numbers = fc.tuple(fc.nat({ max: 3 }), fc.nat({ max: 4 }));
  const anyVersion = numbers.map(([epoch, sequence]) => version(epoch, sequence));
  const anyHead = fc.tuple(anyVersion, anyVersion, fc.nat({ max: 3 })).map((given) => head(...given));
  const step = fc.oneof(
    anyHead.map((next) => (partial: PartialView) => withHead(partial, next)),
    anyVersion.map((at) => (partial: PartialView) => withTopology(partial, topology(at))),
    anyVersion.map((at) => (partial: PartialView) => withMarks(partial, marks(at))),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      let partial = emptyPartialView;
      for (const next of steps) {
        const before = partial;
        partial = next(before);
        const pairs = [
          [before.topology?.version, partial.topology?.version],
          [before.marks?.version, partial.marks?.version],
        ] as const;
        const { topology: shown, marks: shownMarks, head: under } = viewOf(partial) ?? {};
        assert.deepEqual([under?.topology, under?.marks], [shown?.version, shownMarks?.version]);
        for (const [old, now] of pairs) {
          if (old !== undefined) assert.ok(now !== undefined && compareVersions(now, old) >= 0);
        }
      }
    }),
  );
});
