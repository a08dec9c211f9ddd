import { present } from "../present.js";
import { isCredibleEpoch } from "./epoch.js";
import { compareVersions, type Version } from "./version.js";
import type { Head, Marks, Topology, View } from "./view.js";

/**
 * What a reader has received of a view: a head and two documents arrive at different times and in any order.
 *
 * No document in it is ever replaced by an older one. Functions that change nothing return the same object.
 */
export interface PartialView {
  /** The last one received. It may name documents that have not arrived, or that do not exist. */
  readonly head?: Head;
  readonly topology?: Topology;
  readonly marks?: Marks;
}

export const emptyPartialView: PartialView = {};

/**
 * Ignores a head that names an older document than the one at hand, and one that names the same documents as the last
 * head with no newer beat. Any other head replaces the last, even if that one named newer documents that have not
 * arrived: otherwise one false announcement of documents that do not exist would shut out all true heads.
 */
export function withHead(partial: PartialView, head: Head): PartialView {
  const { head: last, topology, marks } = partial;
  const isOld =
    (topology !== undefined && compareVersions(head.topology, topology.version) < 0) ||
    (marks !== undefined && compareVersions(head.marks, marks.version) < 0);
  if (isOld) return partial;
  const namesTheSame =
    last !== undefined &&
    compareVersions(head.topology, last.topology) === 0 &&
    compareVersions(head.marks, last.marks) === 0;
  if (!namesTheSame) return { ...partial, head };
  // The last head of a leader is written once more, when its lease is given back.
  const isReleased = head.beat === last.beat && head.released === true && last.released !== true;
  return head.beat > last.beat || isReleased ? { ...partial, head } : partial;
}

export function withTopology(partial: PartialView, topology: Topology): PartialView {
  return isNewer(topology, partial.topology) ? { ...partial, topology } : partial;
}

export function withMarks(partial: PartialView, marks: Marks): PartialView {
  return isNewer(marks, partial.marks) ? { ...partial, marks } : partial;
}

/** Without what no store can have published by its clock as it is now: anything credible is newer than that. */
export function credibleOf(partial: PartialView, storeNowMs: number): PartialView {
  const isCredible = (...versions: readonly Version[]) =>
    versions.every(({ epoch }) => isCredibleEpoch(epoch, storeNowMs));
  const { head, topology, marks } = partial;
  const kept = {
    head: head !== undefined && isCredible(head.topology, head.marks) ? head : undefined,
    topology: topology !== undefined && isCredible(topology.version) ? topology : undefined,
    marks: marks !== undefined && isCredible(marks.version) ? marks : undefined,
  };
  const isSame = kept.head === head && kept.topology === topology && kept.marks === marks;
  return isSame ? partial : present(kept);
}

/** Which documents the head names in a newer version than the ones at hand. */
export function missingFrom({ head, topology, marks }: PartialView): {
  readonly topology: boolean;
  readonly marks: boolean;
} {
  return {
    topology: head !== undefined && isNewer({ version: head.topology }, topology),
    marks: head !== undefined && isNewer({ version: head.marks }, marks),
  };
}

/** The view to use: its head names the documents beside it. Undefined until there is a head and both documents. */
export function viewOf({ head, topology, marks }: PartialView): View | undefined {
  if (head === undefined || topology === undefined || marks === undefined) return undefined;
  return { topology, marks, head: { ...head, topology: topology.version, marks: marks.version } };
}

function isNewer(one: Pick<Topology, "version">, other: Pick<Topology, "version"> | undefined): boolean {
  return other === undefined || compareVersions(one.version, other.version) > 0;
}
