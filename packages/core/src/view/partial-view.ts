import { compareVersions } from "./version.js";
import type { Head, Marks, Topology, View } from "./view.js";

/**
 * A view put together from a head and two documents that come at different times and in any order.
 *
 * No document in it ever gets older. What changes nothing gives the same assembly back.
 */
export interface PartialView {
  /** The last that was heard. It may name documents that are not here yet, or will never be. */
  readonly head?: Head;
  readonly topology?: Topology;
  readonly marks?: Marks;
}

export const emptyPartialView: PartialView = {};

/**
 * A head that names an older document than the one that is here is old. One that names the same as the last counts by its
 * beat. Any other takes the last one's place, even if that named something newer which has not come: whoever may announce
 * versions could otherwise shut out the true ones for good, by announcing what does not exist.
 */
export function withHead(assembly: PartialView, head: Head): PartialView {
  const { head: last, topology, marks } = assembly;
  const isOld =
    (topology !== undefined && compareVersions(head.topology, topology.version) < 0) ||
    (marks !== undefined && compareVersions(head.marks, marks.version) < 0);
  if (isOld) return assembly;
  const namesTheSame =
    last !== undefined &&
    compareVersions(head.topology, last.topology) === 0 &&
    compareVersions(head.marks, last.marks) === 0;
  return namesTheSame && head.beat <= last.beat ? assembly : { ...assembly, head };
}

export function withTopology(assembly: PartialView, topology: Topology): PartialView {
  return isNewer(topology, assembly.topology) ? { ...assembly, topology } : assembly;
}

export function withMarks(assembly: PartialView, marks: Marks): PartialView {
  return isNewer(marks, assembly.marks) ? { ...assembly, marks } : assembly;
}

/** Which documents the head names that are newer than those at hand. */
export function missingFrom({ head, topology, marks }: PartialView): {
  readonly topology: boolean;
  readonly marks: boolean;
} {
  return {
    topology: head !== undefined && isNewer({ version: head.topology }, topology),
    marks: head !== undefined && isNewer({ version: head.marks }, marks),
  };
}

/** What there is to use: its head names the documents that it holds. Undefined until there is one of each. */
export function viewOf({ head, topology, marks }: PartialView): View | undefined {
  if (head === undefined || topology === undefined || marks === undefined) return undefined;
  return { topology, marks, head: { ...head, topology: topology.version, marks: marks.version } };
}

function isNewer(one: Pick<Topology, "version">, other: Pick<Topology, "version"> | undefined): boolean {
  return other === undefined || compareVersions(one.version, other.version) > 0;
}
