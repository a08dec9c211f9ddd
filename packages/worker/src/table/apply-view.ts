import type { Steps } from "@rollcall/core";
import { addressOf, type NodeRecord, nodeKey } from "@rollcall/core/view";

/**
 * "node": named by the view. "seed": configured, and not named by the view; used if no node of the view is eligible.
 */
export type Tier = "node" | "seed";

/** One slot of the node table and the node in it. The slot belongs to an address; its connections do too. */
export interface Row {
  readonly slot: number;
  /** Changes when the slot gets another node: messages about an older generation are ignored. */
  readonly generation: number;
  readonly tier: Tier;
  readonly node: NodeRecord;
}

export interface Rows {
  /** By address. */
  readonly inUse: ReadonlyMap<string, Row>;
  /**
   * Slots of removed nodes whose last requests are still ending. One set for all versions of the rows: a slot is taken
   * out as its last request ends, also while the next list is being applied.
   */
  readonly ending: Set<number>;
  /** One generation for every slot ever used, at its index. */
  readonly generations: readonly number[];
}

export function noRows(): Rows {
  return { inUse: new Map(), ending: new Set(), generations: [] };
}

export interface AppliedView {
  readonly rows: Rows;
  /** Their slots are to be `ending` once these rows are in use. */
  readonly removed: readonly Row[];
  /** Nodes for which the table had no free slot. */
  readonly left: readonly NodeRecord[];
}

/**
 * Gives every node of the view a slot, and every configured address that the view does not name one in the tier below.
 *
 * A node that stays keeps its slot and generation, also when its id becomes known or its record is refreshed. Another
 * node at the same address keeps the slot, and so the connections, under a new generation. A slot is not given away
 * while it is `ending`.
 *
 * In steps, of so many nodes each that no list holds the thread up; a short list has a single one.
 */
export function* applyView(
  { inUse, ending, generations }: Rows,
  nodes: readonly NodeRecord[],
  seeds: readonly NodeRecord[],
  slotsMax: number,
): Steps<AppliedView> {
  const wanted = new Map<string, { readonly tier: Tier; readonly node: NodeRecord }>();
  let done = 0;
  const isStepDone = () => ++done % nodesPerStep === 0;
  for (const node of seeds) wanted.set(addressOf(node), { tier: "seed", node });
  for (const node of nodes) {
    if (isStepDone()) yield;
    wanted.set(addressOf(node), { tier: "node", node });
  }

  const rows = new Map<string, Row>();
  const nextGenerations = [...generations];
  const left: NodeRecord[] = [];
  const taken = new Set(ending);
  for (const { slot } of inUse.values()) taken.add(slot);

  const renew = (slot: number): number => {
    const generation = (nextGenerations[slot] ?? 0) + 1;
    nextGenerations[slot] = generation;
    return generation;
  };
  let free = 0;
  for (const [address, { tier, node }] of wanted) {
    if (isStepDone()) yield;
    const before = inUse.get(address);
    if (before !== undefined) {
      const same = isSameNode(before.node, node);
      const generation = same ? before.generation : renew(before.slot);
      rows.set(address, { slot: before.slot, generation, tier, node });
      continue;
    }
    while (taken.has(free)) free++;
    if (free >= slotsMax) {
      left.push(node);
      continue;
    }
    taken.add(free);
    rows.set(address, { slot: free, generation: renew(free), tier, node });
  }

  const removed: Row[] = [];
  for (const [address, row] of inUse) {
    if (isStepDone()) yield;
    if (!wanted.has(address)) removed.push(row);
  }
  return { rows: { inUse: rows, ending, generations: nextGenerations }, removed, left };
}

/** Each of them is looked at up to three times: a list of up to 128 nodes takes one step, as its change does. */
const nodesPerStep = 512;

function isSameNode(before: NodeRecord, after: NodeRecord): boolean {
  // An id that becomes known changes nothing; one that is no longer known may hide another node.
  return before.id === "" || nodeKey(before) === nodeKey(after);
}
