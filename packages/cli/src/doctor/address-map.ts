import { addressOf } from "@rollcall/core/view";
import { mapKey } from "../diagnose.js";
import type { NodeFinding } from "../findings.js";
import type { SeedObservation } from "./observations.js";

/** One line of `discovery.addressMap`. */
export interface MappedAddress {
  /** As the node publishes it. */
  readonly from: string;
  /** Where this machine reaches that very node; absent where that is not certain. */
  readonly to?: string;
  /** For people. */
  readonly node: string;
}

/**
 * The address map for nodes whose published address cannot be reached. A pair is certain where one seed alone answered
 * with the node's id, each time, and no other node publishes the address: then the seed leads to that node.
 */
export function mapAddresses(
  nodes: readonly NodeFinding[],
  seeds: readonly SeedObservation[],
): readonly MappedAddress[] {
  const reachedAt = new Map<string, string>();
  for (const seed of seeds) {
    const [id, ...others] = seed.answers?.nodeIds ?? [];
    const isOneNode = id !== undefined && others.length > 0 && others.every((other) => other === id);
    if (isOneNode && seed.pathPrefix === "" && !reachedAt.has(id)) reachedAt.set(id, addressOf(seed));
  }
  return nodes
    .filter(({ published }) => published !== undefined)
    .map((node) => {
      const to = node.sharedBy === 0 ? reachedAt.get(node.id) : undefined;
      return { from: mapKey(node), node: node.name ?? node.id, ...(to === undefined ? {} : { to }) };
    });
}

/** The option as a configuration has it, to copy. What is not certain stays to be filled in. */
export function addressMapText(map: readonly MappedAddress[]): readonly string[] {
  return [
    "discovery: {",
    "  addressMap: {",
    ...map.map(({ from, to, node }) => {
      const line = `    ${JSON.stringify(from)}: ${JSON.stringify(to ?? "HOST:PORT")},`;
      return to === undefined ? `${line} // fill in: where ${node} is reached from here` : `${line} // ${node}`;
    }),
    "  },",
    "},",
  ];
}
