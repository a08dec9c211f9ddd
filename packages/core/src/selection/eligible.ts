import type { MarkKind } from "../view/view.js";

/** With so many nodes, fewer than half of them well is panic; with fewer nodes, only none at all is. */
const manyNodes = 10;

/** What decides who may get a request; it changes seldom. */
export interface Candidate {
  /** The node's row in the node table. */
  readonly slot: number;
  /** "seed": a configured address that is not among the nodes of the view. */
  readonly tier: "node" | "seed";
  readonly mark: MarkKind | "none";
  /** This process keeps its requests away from the node. */
  readonly ejected: boolean;
}

/** Who may get a request, as slots. */
export interface Roster {
  /** Requests go to these. Empty only if there are no candidates at all. */
  readonly eligible: readonly number[];
  /** For a request that has tried every eligible node: who comes next, group by group. */
  readonly further: readonly (readonly number[])[];
  /** Too few nodes are well, so opinions about them are ignored in part. */
  readonly panic: boolean;
}

/**
 * Sorts the candidates into those that get requests and those that do not. While any candidate exists, one is eligible.
 *
 * Eligible are the nodes that are neither DOWN nor DRAIN and not ejected by this process. If there are too few (none; of
 * ten nodes and more, fewer than half) ejections are ignored; if they are still too few, DOWN is ignored too: where most
 * nodes look dead, the fault may be in the looking, and sending everything to the rest would break them. Nodes in DRAIN
 * are leaving, so they neither count nor serve while there is another node. Seeds come last.
 *
 * To be called when a candidate changes, not for every request.
 */
export function rosterOf(candidates: Iterable<Candidate>): Roster {
  const well: number[] = [];
  const ejected: number[] = [];
  const down: number[] = [];
  const draining: number[] = [];
  const seeds: number[] = [];
  for (const { slot, tier, mark, ejected: isEjected } of candidates) {
    if (tier === "seed") seeds.push(slot);
    else if (mark === "draining") draining.push(slot);
    else if (mark === "down") down.push(slot);
    else if (isEjected) ejected.push(slot);
    else well.push(slot);
  }

  const members = well.length + ejected.length + down.length;
  const enough = members >= manyNodes ? members / 2 : 1;
  if (well.length >= enough) return roster(well, [ejected, down, draining, seeds], false);

  const notDown = [...well, ...ejected];
  if (notDown.length >= enough) return roster(notDown, [down, draining, seeds], true);
  if (members > 0) return roster([...notDown, ...down], [draining, seeds], true);
  if (draining.length > 0) return roster(draining, [seeds], true);
  return roster(seeds, [], true);
}

function roster(eligible: readonly number[], further: readonly (readonly number[])[], panic: boolean): Roster {
  return { eligible, further: further.filter((group) => group.length > 0), panic };
}
