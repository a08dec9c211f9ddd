import type { Random } from "../random.js";
import { addressOf, type NodeRecord, nodeKey } from "../view/node-record.js";
import type { MarkKind, Topology } from "../view/view.js";
import { emptyMembership, type Membership, membershipOf, mergeSniff } from "./membership.js";
import { type KnownSeed, recogniseSeeds } from "./recognise-seeds.js";

/**
 * From sniffs and seeds to the nodes that should be watched.
 *
 *               a listed node is verified
 *      seeds ──────────────────────────────▶ sniff, dns
 *        ▲                                     │
 *        └────── another cluster is ours ──────┘
 *
 * "seeds": the configured nodes are wanted, and the listed ones beside them, so that a view exists from the first
 * moment and stays if the listed addresses cannot be reached. "sniff", "dns": only the listed nodes are wanted; the two
 * differ in what has listed them.
 */
export interface Discovery {
  readonly source: Topology["source"];
  /** What the source is once a listed node is verified. */
  readonly listedBy: ListedBy;
  readonly membership: Membership;
  /**
   * "coming": there is none yet, or a part of it has still to join. "whole": the newest answer has brought the last of
   * it, or all. "over": answers since then.
   */
  readonly firstList: "coming" | "whole" | "over";
  /**
   * Nodes of the last leader's view, by `nodeKey`. They are not dropped only because the local configuration is
   * incomplete: a name that was not looked up yet, or a credential that was not given yet, would empty the view for all
   * processes.
   */
  readonly inherited: ReadonlySet<string>;
  /** The newest answer, if it changed nothing and left nothing open: the same one changes nothing again. */
  readonly settled?: Settled;
}

interface Settled {
  readonly nodes: readonly NodeRecord[];
  readonly seeds: readonly KnownSeed[];
  readonly complete: boolean;
}

/** The cluster's own list, or the names of the configured nodes. */
export type ListedBy = Exclude<Topology["source"], "seeds">;

export const emptyDiscovery: Discovery = {
  ...{ source: "seeds", listedBy: "sniff" },
  ...{ membership: emptyMembership, firstList: "coming", inherited: new Set() },
};

export type DiscoveryEvent =
  /** The last leader's view: those of its nodes that {@link adoptedNodes} names. */
  | {
      readonly type: "inherited";
      readonly nodes: readonly NodeRecord[];
      readonly source: Topology["source"];
      readonly marks: Readonly<Record<string, { readonly kind: MarkKind }>>;
    }
  /** A sniff, or a lookup in its place. `seeds`: what is known of the configured nodes, which may be listed under another spelling. */
  | {
      readonly type: "sniffed";
      readonly nodes: readonly NodeRecord[];
      readonly complete: boolean;
      readonly answeredBy: string;
      readonly listedBy: ListedBy;
      readonly seeds: readonly KnownSeed[];
    }
  /** These nodes are verified, by `nodeKey`. */
  | { readonly type: "verified"; readonly keys: readonly string[] }
  /** Another cluster has taken the place of ours. */
  | { readonly type: "replaced" };

export type DiscoveryEffect =
  /** {@link wantedNodes} or the source changed. */
  | { readonly type: "changed" }
  /** A listed node has just begun to be missing: worth a few more sniffs, but not for as long as it is missing. */
  | { readonly type: "missing" }
  /** A part of the list was not applied. Undefined: all of it was. */
  | { readonly type: "held"; readonly reason: string | undefined };

/** Takes one event into account. Returns the same discovery if nothing changes. */
export function nextDiscovery(
  discovery: Discovery,
  event: DiscoveryEvent,
  nowMs: number,
): readonly [Discovery, readonly DiscoveryEffect[]] {
  switch (event.type) {
    case "inherited": {
      // A node that drains has left the cluster: only the cluster can list it again.
      const listed = event.nodes.filter((node) => node.id !== "" && event.marks[nodeKey(node)]?.kind !== "draining");
      const source = listed.length === 0 ? "seeds" : event.source;
      const listedBy = event.source === "seeds" ? discovery.listedBy : event.source;
      const inherited = new Set(event.nodes.map(nodeKey));
      const firstList = listed.length === 0 ? discovery.firstList : "over";
      return [{ source, listedBy, membership: membershipOf(listed), firstList, inherited }, []];
    }
    case "sniffed":
      return sniffed(discovery, event, nowMs);
    case "verified": {
      if (discovery.source !== "seeds") return [discovery, []];
      const verified = new Set(event.keys);
      if (!listedNodes(discovery).some((node) => verified.has(nodeKey(node)))) return [discovery, []];
      return [{ ...discovery, source: discovery.listedBy }, [{ type: "changed" }]];
    }
    case "replaced":
      return [emptyDiscovery, [{ type: "changed" }]];
  }
}

function sniffed(
  discovery: Discovery,
  event: Extract<DiscoveryEvent, { type: "sniffed" }>,
  nowMs: number,
): readonly [Discovery, readonly DiscoveryEffect[]] {
  const { nodes, seeds, complete, answeredBy, listedBy } = event;
  if (nodes.length === 0) return [discovery, []];
  if (isSettledBy(discovery, event)) return [discovery, [{ type: "held", reason: undefined }]];
  const isDns = listedBy === "dns";
  // An address that was looked up stays one: a name with one address would take its place.
  const usable = isDns ? nodes : recogniseSeeds(nodes, seeds);
  const answer = { nodes: usable, complete, answeredBy, ...(isDns ? { isAlone: true as const } : {}) };
  const { membership, changed, held, waits } = mergeSniff(discovery.membership, answer, nowMs);
  const firstList = discovery.firstList !== "coming" ? "over" : waits ? "coming" : "whole";
  const effects: DiscoveryEffect[] = [{ type: "held", reason: held }];
  const source = discovery.source === "seeds" ? "seeds" : listedBy;
  if (changed || source !== discovery.source) effects.push({ type: "changed" });
  else if (membership.members.some((node) => node.state === "absent" && node.sinceMs === nowMs)) {
    effects.push({ type: "missing" });
  }
  // All of its nodes were members, and all members are among them.
  const isSettled =
    membership === discovery.membership && discovery.firstList === "over" && source === discovery.source;
  const { settled: _, ...known } = discovery;
  const settled = isSettled && held === undefined ? { settled: { nodes, seeds, complete } } : {};
  return [{ ...known, source, listedBy, membership, firstList, ...settled }, effects];
}

/** Compared at no cost for its nodes: who reads the same list again hands over the same records. */
function isSettledBy(
  { settled, source, listedBy }: Discovery,
  event: Extract<DiscoveryEvent, { type: "sniffed" }>,
): boolean {
  if (settled === undefined || source !== event.listedBy || listedBy !== event.listedBy) return false;
  return settled.nodes === event.nodes && settled.complete === event.complete && sameSeeds(settled.seeds, event.seeds);
}

function sameSeeds(before: readonly KnownSeed[], now: readonly KnownSeed[]): boolean {
  return before.length === now.length && before.every((seed, at) => isSameSeed(seed, now[at]));
}

function isSameSeed(a: KnownSeed, b: KnownSeed | undefined): boolean {
  if (b === undefined || a.host !== b.host || a.port !== b.port || a.answeredAs !== b.answeredAs) return false;
  return a.addresses.length === b.addresses.length && a.addresses.every((address, at) => address === b.addresses[at]);
}

/** Whether nodes that are new now belong to the first list: they have been there before, and need no slow start. */
export function isFirstList({ source, firstList }: Discovery): boolean {
  return source === "seeds" || firstList !== "over";
}

/** What the local configuration says about nodes. */
export interface LocalScope {
  readonly seeds: readonly NodeRecord[];
  /** False with `discovery: false`: only the configured nodes are used. */
  readonly discovers: boolean;
  /** Why the configuration does not let a node be used; undefined if it does. */
  readonly refusal: (node: NodeRecord) => string | undefined;
  /** Whether a refusal is final: no name and no credential is pending. */
  readonly isSettled: boolean;
}

export interface Refused {
  readonly node: NodeRecord;
  readonly reason: string;
}

/** The nodes that should be watched now, one an address, and the listed nodes that the configuration refuses. */
export function wantedNodes(
  discovery: Discovery,
  { seeds, refusal, isSettled }: LocalScope,
): { readonly nodes: readonly NodeRecord[]; readonly refused: readonly Refused[] } {
  const wanted = new Map<string, NodeRecord>();
  const refused: Refused[] = [];
  if (discovery.source === "seeds") for (const seed of seeds) wanted.set(addressOf(seed), seed);
  for (const node of listedNodes(discovery)) {
    const reason = refusal(node);
    const isKept = reason === undefined || (discovery.inherited.has(nodeKey(node)) && !isSettled);
    if (isKept) wanted.set(addressOf(node), node);
    else refused.push({ node, reason });
  }
  return { nodes: [...wanted.values()], refused };
}

/**
 * The nodes of the last leader's view that this process continues with. The configured nodes of another process are not
 * ours; with `discovery: false`, nor are the listed nodes.
 */
export function adoptedNodes(
  nodes: readonly NodeRecord[],
  { seeds, discovers, refusal, isSettled }: LocalScope,
): readonly NodeRecord[] {
  const seedAddresses = new Set(seeds.map(addressOf));
  return nodes.filter((node) => {
    if (seedAddresses.has(addressOf(node))) return discovers || node.id === "";
    if (!discovers || node.id === "") return false;
    return refusal(node) === undefined || !isSettled;
  });
}

/** How many nodes one sniff asks, one after the other, until one gives a list. */
const askedPerSniff = 4;

/**
 * Which nodes a sniff asks: those that are well, then the configured ones, each in random order. At least one place is
 * left for a configured node: a view that is wrong in every part is corrected from there.
 */
export function nodesToSniff(
  well: readonly NodeRecord[],
  seeds: readonly NodeRecord[],
  random: Random,
): readonly NodeRecord[] {
  const wellAddresses = new Set(well.map(addressOf));
  const others = seeds.filter((seed) => !wellAddresses.has(addressOf(seed)));
  const order = [...shuffled(well, random).slice(0, askedPerSniff - 1), ...shuffled(others, random)];
  return order.slice(0, askedPerSniff);
}

export function listedNodes({ membership }: Discovery): readonly NodeRecord[] {
  return membership.members.map(({ node }) => node);
}

function shuffled<Item>(items: readonly Item[], random: Random): Item[] {
  return items
    .map((item) => ({ item, order: random() }))
    .sort((a, b) => a.order - b.order)
    .map(({ item }) => item);
}
