import { addressOf, type NodeRecord } from "../view/node-record.js";
import { sniffLimits } from "./limits.js";

/** When a node that is no longer listed counts as gone. */
export const membershipRules = {
  /** Time from the first complete answer without the node to the last; so there are at least two. */
  absenceMs: 5_000,
  /** Different nodes that must have given those answers, if enough nodes can be asked. */
  answerersToLeave: 2,
  /** How many listed nodes are enough. */
  presentForAnswerers: 2,
  /** An answer that omits more than this share of the members is held. */
  shrinkShareMax: 0.5,
  /** How many answers, over how long, confirm a held answer that only one node gives. */
  loneAnswersToShrink: 3,
  loneShrinkMs: 30_000,
  /** How many nodes may join by one answer: as many as are known, but no fewer and no more than these. */
  joiningMin: 256,
  joiningMax: 512,
} as const;

/**
 *              ┌──── listed again, by any answer ────┐
 *              ▼                                     │
 * (unknown) ─▶ present ── not in a complete answer ─▶ absent ── by enough answers, nodes and time ─▶ (gone)
 *              │                                     │
 *              └─ its id is at another address ──────┴─▶ (gone)
 */
export type ListedNode =
  | { readonly state: "present"; readonly node: NodeRecord }
  | {
      readonly state: "absent";
      readonly node: NodeRecord;
      /** The first complete answer without it. */
      readonly sinceMs: number;
      /** The newest of them. */
      readonly lastMs: number;
      /** How many in a row; those of one instant are one. */
      readonly answers: number;
      /** The nodes that gave them; no more than the rules require. */
      readonly answeredBy: readonly string[];
      /** The last answer without it was held. */
      readonly held: boolean;
    };

/** The nodes of the cluster, absent ones included: one an address, in order of address. Says nothing about health. */
export interface Membership {
  readonly members: readonly ListedNode[];
}

export const emptyMembership: Membership = { members: [] };

/** The membership that another process has left: these nodes, the first at each address, up to the limit. */
export function membershipOf(nodes: readonly NodeRecord[]): Membership {
  const byAddressOnce = new Map<string, NodeRecord>();
  for (const node of nodes) if (!byAddressOnce.has(addressOf(node))) byAddressOnce.set(addressOf(node), node);
  const members = [...byAddressOnce.values()].slice(0, sniffLimits.nodesMax).map(present);
  return { members: byAddress(members) };
}

/** The usable part of a sniff. `complete`: a node that is not listed was not in the cluster. */
export interface MembershipAnswer {
  readonly nodes: readonly NodeRecord[];
  readonly complete: boolean;
  /** The node that answered, by any name that stays the same. */
  readonly answeredBy: string;
  /** Nothing else could be asked, such as another node: a resolver confirms its answers itself. */
  readonly isAlone?: true;
}

export interface MergedSniff {
  readonly membership: Membership;
  /** A node joined, left, or has a new record. An absence alone changes nothing that is published. */
  readonly changed: boolean;
  /** Why a part of the answer was not applied; a sentence for people. */
  readonly held?: string;
  /** Nodes of the answer wait for the next one. */
  readonly waits?: true;
}

/**
 * Takes one sniff answer into account.
 *
 * Promised: an answer that lists no node changes nothing, and no answer empties a membership. An incomplete answer
 * counts no absence. A node leaves by absence only under {@link membershipRules}. While an answer is held, nodes only
 * join and are refreshed; the nodes that it omits are recorded, so that the next answer can confirm it. No more nodes
 * join by one answer than {@link joiningMax}, whatever it lists: each is probed, and judged from then on.
 */
export function mergeSniff(membership: Membership, answer: MembershipAnswer, nowMs: number): MergedSniff {
  const { members } = membership;
  const listed = new Map(answer.nodes.map((node) => [addressOf(node), node]));
  if (listed.size === 0) {
    return { membership, changed: false, held: "the answer lists no usable node" };
  }

  const idsListed = new Set(answer.nodes.map(({ id }) => id).filter((id) => id !== ""));
  const here: ListedNode[] = [];
  const elsewhere: ListedNode[] = [];
  const missing: ListedNode[] = [];
  // Each address is written once: there may be thousands.
  const addresses = new Set<string>();
  for (const member of members) {
    const { node } = member;
    const address = addressOf(node);
    addresses.add(address);
    const fresh = listed.get(address);
    if (fresh !== undefined) here.push(refreshed(member, fresh));
    else (idsListed.has(node.id) ? elsewhere : missing).push(member);
  }

  // As nearly every answer is, of thousands of nodes too: `here` is in order of address already.
  if (here.length === members.length && here.length === listed.size) return withSameAddresses(membership, here);

  const braked = answer.complete && mustHold(missing, members.length);
  const isLone = answer.isAlone === true || listed.size < membershipRules.presentForAnswerers;
  const absent = answer.complete
    ? missing
        .map((member) => absentOnceMore(member, answer.answeredBy, nowMs, braked))
        .filter((member) => !hasLeft(member, isLone, nowMs))
    : missing;
  const held = braked && absent.length > 0;
  const staying = [...here, ...(held ? elsewhere : []), ...absent];
  const strangers = strangersTo(members, addresses, listed);
  const joining = strangers.slice(0, joiningMax(staying.length));

  const merged = { members: byAddress([...staying, ...joining.map(present)]) };
  return {
    membership: merged,
    changed: isChanged(membership, merged),
    ...(held ? { held: shrinkReason(missing.length, members.length) } : {}),
    // Where none may join any more, none is waited for.
    ...(joining.length > 0 && joining.length < strangers.length ? { waits: true as const } : {}),
    ...(joining.length < strangers.length ? { held: joinReason(strangers.length, joining.length) } : {}),
  };
}

function withSameAddresses(membership: Membership, members: readonly ListedNode[]): MergedSniff {
  const { members: before } = membership;
  const changed = members.some(({ node }, index) => node !== before[index]?.node);
  const isSame = !changed && members.every((member, index) => member === before[index]);
  return { membership: isSame ? membership : { members }, changed };
}

/** How many nodes may join by one answer, to a membership of so many. The others join by the next answers. */
export function joiningMax(memberCount: number): number {
  const { joiningMin, joiningMax: most } = membershipRules;
  return Math.min(Math.max(joiningMin, memberCount), most, sniffLimits.nodesMax - memberCount);
}

function joinReason(strangers: number, joining: number): string {
  if (joining === 0) return `there may be no more than ${sniffLimits.nodesMax} members`;
  return `${strangers - joining} of ${strangers} new nodes wait: they join in portions, by the next answers`;
}

/**
 * The listed nodes at an address that is no member's. One that changed its address comes first: it frees the old one.
 */
function strangersTo(
  members: readonly ListedNode[],
  addresses: ReadonlySet<string>,
  listed: ReadonlyMap<string, NodeRecord>,
): readonly NodeRecord[] {
  const strangers = [...listed].filter(([address]) => !addresses.has(address)).map(([, node]) => node);
  if (strangers.length === 0) return strangers;
  const ids = new Set(members.map(({ node }) => node.id));
  return [...strangers.filter(({ id }) => ids.has(id)), ...strangers.filter(({ id }) => !ids.has(id))];
}

function present(node: NodeRecord): ListedNode {
  return { state: "present", node };
}

type AbsentMember = Extract<ListedNode, { readonly state: "absent" }>;

function isAbsent(member: ListedNode): member is AbsentMember {
  return member.state === "absent";
}

/** A member that is listed, with this record; with the one it has if they are equal, so that identity shows a change. */
function refreshed(member: ListedNode, fresh: NodeRecord): ListedNode {
  if (!sameRecord(fresh, member.node)) return present(fresh);
  return member.state === "present" ? member : present(member.node);
}

// A node that is missing because of a held answer keeps the next answer held, so that newly joined nodes cannot outvote
// it.
function mustHold(missing: readonly ListedNode[], memberCount: number): boolean {
  const shrinks = missing.length > memberCount * membershipRules.shrinkShareMax;
  return shrinks || missing.some((member) => isAbsent(member) && member.held);
}

function absentOnceMore(member: ListedNode, by: string, nowMs: number, held: boolean): AbsentMember {
  const { node } = member;
  if (!isAbsent(member)) {
    return { state: "absent", node, sinceMs: nowMs, lastMs: nowMs, answers: 1, answeredBy: [by], held };
  }
  const answers = nowMs > member.lastMs ? member.answers + 1 : member.answers;
  const answeredBy = [...new Set([...member.answeredBy, by])].slice(0, membershipRules.answerersToLeave);
  return { ...member, lastMs: nowMs, answers, answeredBy, held };
}

function hasLeft({ sinceMs, answers, answeredBy, held }: AbsentMember, isLone: boolean, nowMs: number): boolean {
  const rules = membershipRules;
  const absentMs = nowMs - sinceMs;
  if (absentMs < rules.absenceMs) return false;
  if (answeredBy.length >= rules.answerersToLeave) return true;
  return held ? answers >= rules.loneAnswersToShrink && absentMs >= rules.loneShrinkMs : isLone;
}

function shrinkReason(missing: number, members: number): string {
  const { loneAnswersToShrink, loneShrinkMs } = membershipRules;
  const lone = `${loneAnswersToShrink} answers over ${loneShrinkMs / 1_000} s`;
  return `the answer omits ${missing} of ${members} known nodes; held until another node confirms it, or for ${lone}`;
}

/** Records that did not change are the same objects, see {@link refreshed}. */
function isChanged(before: Membership, after: Membership): boolean {
  const records = new Set(before.members.map(({ node }) => node));
  return after.members.length !== records.size || after.members.some(({ node }) => !records.has(node));
}

/** Records are parsed in one fixed order of roles and attributes. */
function sameRecord(a: NodeRecord, b: NodeRecord): boolean {
  if (a.id !== b.id || a.name !== b.name || a.host !== b.host || a.port !== b.port || a.ip !== b.ip) return false;
  if (a.version !== b.version || a.tls !== b.tls || a.dnsName !== b.dnsName) return false;
  if (!sameTexts(a.roles, b.roles) || !sameTexts(a.aliases, b.aliases)) return false;
  return sameAttributes(a.attributes, b.attributes);
}

function sameAttributes(a: NodeRecord["attributes"], b: NodeRecord["attributes"]): boolean {
  if (a === undefined || b === undefined) return a === b;
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => sameAttribute(a[name], b[name]));
}

function sameAttribute(a: string | readonly string[] | undefined, b: string | readonly string[] | undefined): boolean {
  return typeof a === "string" || typeof b === "string" ? a === b : sameTexts(a, b);
}

function sameTexts(a: readonly string[] | undefined, b: readonly string[] | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.length === b.length && a.every((text, index) => text === b[index]);
}

/** In order of address. */
function byAddress(members: readonly ListedNode[]): readonly ListedNode[] {
  const addressed = members.map((member) => ({ member, address: addressOf(member.node) }));
  return addressed.sort((a, b) => (a.address < b.address ? -1 : 1)).map(({ member }) => member);
}
