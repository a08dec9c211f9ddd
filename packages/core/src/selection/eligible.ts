import type { MarkKind } from "../view/view.js";

/** With so many nodes or more, panic begins when fewer than half are eligible; with fewer nodes, when none is. */
const manyNodes = 10;

/** What decides whether a node gets requests. It changes seldom. */
export interface SelectableNode {
  /** The node's row in the node table. */
  readonly slot: number;
  /**
   * "preferred": a node of the view that this pool's `selection.prefer` names. "seed": a configured address that is not
   * among the nodes of the view.
   */
  readonly tier: "preferred" | "node" | "seed";
  /**
   * "drained": an operator has taken it out, whatever else is held against it. "unproven": this process has no proof
   * that there is such a node.
   */
  readonly mark: MarkKind | "none" | "drained" | "unproven";
  /** This process has ejected the node. */
  readonly ejected: boolean;
}

/** The nodes that may get a request, as slots. */
export interface Roster {
  /** Requests go to these. Empty only if there are no nodes at all. */
  readonly eligible: readonly number[];
  /** For a request that has tried every eligible node: the nodes to try next, group by group. */
  readonly further: readonly (readonly number[])[];
  /** Too few nodes are eligible, so some marks and ejections are ignored. */
  readonly panic: boolean;
}

/**
 * Sorts the nodes into those that get requests and those that do not. While there is any node, one is eligible.
 *
 * Eligible are the nodes that are neither down nor draining nor ejected by this process; unverified nodes and those in
 * slow start are. If too few are left (none; of ten nodes and more, fewer than half) ejections are ignored. If they are
 * still too few, "down" is ignored too: if most nodes look dead, the fault may lie in the probes, and sending every
 * request to the rest would overload them. Draining nodes neither count nor serve while there is another node. Seeds
 * come last. A drained node gets nothing, not even a retry, while enough others are left. An unproven one gets nothing
 * while there is any other, a seed included.
 *
 * Preferred nodes get all requests while more than half of them have their full share to give: those in slow start do
 * not count as such, and a few that are left would not bear the load of all. Otherwise they serve like any other node.
 *
 * To be called when a node changes, not for every request.
 */
export function rosterOf(nodes: Iterable<SelectableNode>): Roster {
  const usable: number[] = [];
  const ejected: number[] = [];
  const down: number[] = [];
  const draining: number[] = [];
  const drained: number[] = [];
  const seeds: number[] = [];
  const unproven: number[] = [];
  const preference = new Preference();
  for (const node of nodes) {
    const { slot, tier, mark, ejected: isEjected } = node;
    if (tier === "preferred") preference.add(node);
    if (mark === "drained") drained.push(slot);
    else if (mark === "unproven") unproven.push(slot);
    else if (tier === "seed") seeds.push(slot);
    else if (mark === "draining") draining.push(slot);
    else if (mark === "down") down.push(slot);
    else if (isEjected) ejected.push(slot);
    else usable.push(slot);
  }

  if (preference.holds) {
    const preferred = new Set(preference.usable);
    const others = usable.filter((slot) => !preferred.has(slot));
    return roster(preference.usable, [others, ejected, down, draining, seeds], false);
  }
  const members = usable.length + ejected.length + down.length;
  const enough = members >= manyNodes ? members / 2 : 1;
  if (usable.length >= enough) return roster(usable, [ejected, down, draining, seeds], false);

  const notDown = [...usable, ...ejected];
  if (notDown.length >= enough) return roster(notDown, [down, draining, drained, seeds], true);
  if (members > 0) return roster([...notDown, ...down], [draining, drained, seeds], true);
  if (draining.length > 0) return roster(draining, [drained, seeds], true);
  if (drained.length > 0) return roster(drained, [seeds], true);
  return roster(seeds.length > 0 ? seeds : unproven, [], true);
}

/** Whether the preferred nodes alone are enough. */
class Preference {
  readonly usable: number[] = [];
  private members = 0;
  private full = 0;

  add({ slot, mark, ejected }: SelectableNode): void {
    if (mark === "drained" || mark === "draining" || mark === "unproven") return;
    this.members++;
    if (mark === "down" || ejected) return;
    this.usable.push(slot);
    if (mark !== "slow-start") this.full++;
  }

  get holds(): boolean {
    return this.full > this.members / 2;
  }
}

function roster(eligible: readonly number[], further: readonly (readonly number[])[], panic: boolean): Roster {
  return { eligible, further: further.filter((group) => group.length > 0), panic };
}
