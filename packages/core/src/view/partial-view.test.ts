import assert from "node:assert/strict";
import { describe, it } from "node:test";
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
const head = (topology: Version, marks: Version, beat = 0): Head => ({
  topology,
  marks,
  beat,
  atMs: beat,
  replicas: 1,
});
const topology = (at: Version) => ({ version: at, source: "sniff" as const, nodes: [] });
const marks = (at: Version) => ({ version: at, nodes: {} });

describe("a view put together from its parts", () => {
  it("is one when there is a head and one of each document, whatever came first", () => {
    const one = version(1, 1);
    const steps = [
      (assembly: PartialView) => withHead(assembly, head(one, one)),
      (assembly: PartialView) => withTopology(assembly, topology(one)),
      (assembly: PartialView) => withMarks(assembly, marks(one)),
    ];
    fc.assert(
      fc.property(fc.shuffledSubarray(steps, { minLength: 3 }), (order) => {
        let assembly = emptyPartialView;
        for (const step of order) {
          assert.equal(viewOf(assembly), undefined);
          assembly = step(assembly);
        }
        assert.deepEqual(viewOf(assembly), { topology: topology(one), marks: marks(one), head: head(one, one) });
      }),
    );
  });

  it("shows newer marks beside an older list of nodes, under a head that says so", () => {
    let assembly = withHead(emptyPartialView, head(version(1, 1), version(1, 1)));
    assembly = withMarks(withTopology(assembly, topology(version(1, 1))), marks(version(1, 1)));
    assembly = withMarks(withHead(assembly, head(version(1, 2), version(1, 2), 4)), marks(version(1, 2)));
    assert.deepEqual(missingFrom(assembly), { topology: true, marks: false });
    assert.deepEqual(viewOf(assembly)?.head, head(version(1, 1), version(1, 2), 4));
  });

  it("takes a beat of the same versions once", () => {
    const one = version(1, 1);
    const beaten = withHead(withHead(emptyPartialView, head(one, one, 1)), head(one, one, 2));
    assert.equal(beaten.head?.beat, 2);
    assert.equal(withHead(beaten, head(one, one, 2)), beaten, "the same again");
    assert.equal(withHead(beaten, head(one, one, 1)), beaten, "a late one");
  });

  it("begins a new leader's beats again", () => {
    const old = withMarks(
      withTopology(withHead(emptyPartialView, head(version(1, 9), version(1, 9), 500)), topology(version(1, 9))),
      marks(version(1, 9)),
    );
    assert.equal(withHead(old, head(version(2, 1), version(2, 1), 0)).head?.beat, 0);
    assert.equal(withHead(old, head(version(0, 99), version(0, 99), 900)), old);
    assert.equal(withHead(old, head(version(2, 1), version(1, 8), 900)), old, "older by one is old");
  });

  it("is not shut out from true heads by one that names what does not exist", () => {
    const one = version(1, 1);
    const whole = withMarks(withTopology(withHead(emptyPartialView, head(one, one, 1)), topology(one)), marks(one));
    const misled = withHead(whole, head(version(9, 9), version(9, 9), 700));
    assert.deepEqual(missingFrom(misled), { topology: true, marks: true });
    const beaten = withHead(misled, head(one, one, 2));
    assert.deepEqual(
      [missingFrom(beaten), viewOf(beaten)?.head],
      [{ topology: false, marks: false }, head(one, one, 2)],
    );
  });

  it("never gets older, whatever comes in whatever order", () => {
    const anyVersion = fc
      .tuple(fc.nat({ max: 3 }), fc.nat({ max: 4 }))
      .map(([epoch, sequence]) => version(epoch, sequence));
    const step = fc.oneof(
      fc.tuple(anyVersion, anyVersion, fc.nat({ max: 3 })).map(
        ([one, other, beat]) =>
          (assembly: PartialView) =>
            withHead(assembly, head(one, other, beat)),
      ),
      anyVersion.map((at) => (assembly: PartialView) => withTopology(assembly, topology(at))),
      anyVersion.map((at) => (assembly: PartialView) => withMarks(assembly, marks(at))),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        let assembly = emptyPartialView;
        for (const next of steps) {
          const before = assembly;
          assembly = next(before);
          const pairs = [
            [before.topology?.version, assembly.topology?.version],
            [before.marks?.version, assembly.marks?.version],
          ] as const;
          const { topology: shown, marks: shownMarks, head: under } = viewOf(assembly) ?? {};
          assert.deepEqual([under?.topology, under?.marks], [shown?.version, shownMarks?.version]);
          for (const [old, now] of pairs) {
            if (old !== undefined) assert.ok(now !== undefined && compareVersions(now, old) >= 0);
          }
        }
      }),
    );
  });
});
