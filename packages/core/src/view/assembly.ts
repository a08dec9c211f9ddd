import { compareVersions } from "./version.js";
import type { Head, Marks, Topology, View } from "./view.js";

/**
 * A view put together from a head and two documents that come at different times and in any order.
 *
 * Nothing in it ever gets older: what is not newer than what is there changes nothing, and the same assembly comes back.
 */
export interface Assembly {
  /** The newest that was heard. It may name documents that are not here yet. */
  readonly head?: Head;
  readonly topology?: Topology;
  readonly marks?: Marks;
}

export const emptyAssembly: Assembly = {};

/** A head is newer by a document that it names, or, naming the same ones, by its beat. Older by one, it is old. */
export function withHead(assembly: Assembly, head: Head): Assembly {
  if (assembly.head === undefined) return { ...assembly, head };
  const topology = compareVersions(head.topology, assembly.head.topology);
  const marks = compareVersions(head.marks, assembly.head.marks);
  if (topology < 0 || marks < 0) return assembly;
  return topology > 0 || marks > 0 || head.beat > assembly.head.beat ? { ...assembly, head } : assembly;
}

export function withTopology(assembly: Assembly, topology: Topology): Assembly {
  return isNewer(topology, assembly.topology) ? { ...assembly, topology } : assembly;
}

export function withMarks(assembly: Assembly, marks: Marks): Assembly {
  return isNewer(marks, assembly.marks) ? { ...assembly, marks } : assembly;
}

/** Which documents the head names that are newer than those at hand. */
export function missingFrom({ head, topology, marks }: Assembly): {
  readonly topology: boolean;
  readonly marks: boolean;
} {
  return {
    topology: head !== undefined && isNewer({ version: head.topology }, topology),
    marks: head !== undefined && isNewer({ version: head.marks }, marks),
  };
}

/** What there is to use: its head names the documents that it holds. Undefined until there is one of each. */
export function viewOf({ head, topology, marks }: Assembly): View | undefined {
  if (head === undefined || topology === undefined || marks === undefined) return undefined;
  return { topology, marks, head: { ...head, topology: topology.version, marks: marks.version } };
}

function isNewer(one: Pick<Topology, "version">, other: Pick<Topology, "version"> | undefined): boolean {
  return other === undefined || compareVersions(one.version, other.version) > 0;
}
