import type { NodeState, NodeStatus } from "@rollcall/worker";

/** What the nodes at one address add up to. */
export interface AddressTotals extends Readonly<Record<Summed, number>> {
  readonly address: string;
  readonly states: readonly NodeState[];
  /** The greatest factor; 1: none. */
  readonly penalty: number;
}

const summed = [
  "openSockets",
  "inFlight",
  "requests",
  "failures",
  "errorStatuses",
  "connects",
  "connectMs",
] as const satisfies readonly (keyof NodeStatus)[];
type Summed = (typeof summed)[number];

/**
 * One entry for each address. While a node is replaced, the last one and the next have the same: two series with the
 * same labels would make the whole scrape invalid.
 */
export function nodesByAddress(nodes: readonly NodeStatus[]): AddressTotals[] {
  const groups = new Map<string, NodeStatus[]>();
  for (const node of nodes) groups.set(node.address, [...(groups.get(node.address) ?? []), node]);
  return [...groups].map(([address, group]) => ({
    ...{
      address,
      states: group.map(({ state }) => state),
      penalty: Math.max(...group.map((node) => node.penalty?.factor ?? 1)),
    },
    ...sums(group),
  }));
}

function sums(group: readonly NodeStatus[]): Record<Summed, number> {
  const totals = { openSockets: 0, inFlight: 0, requests: 0, failures: 0, errorStatuses: 0, connects: 0, connectMs: 0 };
  for (const node of group) for (const name of summed) totals[name] += node[name];
  return totals;
}
