import type { Random } from "../random.js";
import type { Reducer } from "../reducer-runner.js";
import type { DownEvidence } from "../view/view.js";
import {
  disputeOf,
  evidenceOf,
  inherited,
  inTime,
  isInUse,
  type LocalMark,
  type MonitoredNode,
  memberDueMs,
  newlyListed,
  type ProbeOutcome,
  type PublishedState,
  publicHealth,
  relisted,
  unlisted,
  withDoubt,
  withNewKey,
  withPeerResult,
  withPeersAsked,
  withProbe,
  withRefutation,
  withReport,
} from "./member.js";

/**
 * The coordinator's judgement of every node of the cluster, by `nodeKey`. Every reader of the view follows it.
 *
 * Promised: slow answers, 429 and 5xx never take a node out; only two probes of our own on new connections that reach
 * nobody do, if another process has failed to reach it too and none that was asked has reached it, or the answer of another
 * cluster. So neither we nor any one other process can take a node from those who reach it. Where no other is alive, the
 * two probes suffice; where others are alive but say nothing, nobody is taken out. A node comes back from DOWN only after
 * its hold and two to five good probes in a row, and is eased in. A list of members changes who is judged, never how well
 * they are.
 * Not promised: that others reach what the coordinator reaches. Whoever does not keeps away by himself.
 *
 * All times are monotonic milliseconds.
 */
export type Arbiter = ReadonlyMap<string, MonitoredNode>;

export const emptyArbiter: Arbiter = new Map();

export type ArbiterEvent =
  /**
   * The nodes that the last leader has published, with their marks: the first event, or none. That they are known is no
   * news; what time has made of their marks meanwhile is.
   */
  | {
      readonly type: "inherited";
      readonly nodes: readonly {
        readonly key: string;
        readonly address: string;
        readonly trusted: boolean;
        readonly mark: LocalMark | undefined;
      }[];
    }
  /**
   * The nodes wanted now, the whole list each time: who is not named leaves. A node without an id (a seed that was not
   * asked yet) passes its health on when its address turns up with an id.
   */
  | {
      readonly type: "members";
      readonly nodes: readonly { readonly key: string; readonly address: string; readonly trusted: boolean }[];
      /** The cluster names its members for the first time: none of them need be eased in. */
      readonly firstView: boolean;
    }
  /** The answer to a `probe` effect. If none is awaited, it says nothing. */
  | { readonly type: "probed"; readonly key: string; readonly outcome: ProbeOutcome; readonly reason: string }
  /**
   * A process has ejected the node. May come at any rate. Without `replica`, the coordinator has seen it itself.
   * `probe`: the reporter's own probe on a new connection has just failed too. Then it counts as a failed witness, so it
   * must not be told of our own process, nor of one that is self-suspect.
   */
  | {
      readonly type: "reported";
      readonly key: string;
      readonly reason: string;
      readonly replica?: string;
      readonly probe?: "failed";
    }
  /** Who was asked, at once after an `askWitnesses` effect. `isAlone`: there is nobody whom one could ask. */
  | {
      readonly type: "peersAsked";
      readonly key: string;
      readonly suspicion: number;
      readonly replicas: readonly string[];
      readonly isAlone: boolean;
    }
  /** The answer of one that was asked. Failures of a self-suspect process must not be told. */
  | {
      readonly type: "peerProbed";
      readonly key: string;
      readonly suspicion: number;
      readonly replica: string;
      readonly ok: boolean;
    }
  /** A process that is alive has just had a byte from the node, although the view marks it down. May come at any rate. */
  | { readonly type: "refuted"; readonly key: string; readonly replica: string }
  /** Due at {@link arbiterDueMs}; at any other time it does nothing. */
  | { readonly type: "tick" };

export type ArbiterEffect =
  /**
   * Probe the node once: on a new connection if `fresh`, else on one kept for probes.
   *
   * The prober owes each `probe` exactly one `probed`, whatever happens, well within 30 s; what is not answered by then
   * is asked again. Only the two probes of a suspicion overlap. A node that has gone is owed nothing.
   */
  | { readonly type: "probe"; readonly key: string; readonly fresh: boolean }
  /**
   * Ask other processes to probe the node once, each on a new connection. Whom is for `chooseWitnesses` to say; not
   * those in `except`, who have just reported it. Owed one `inquired`, then what they answer, if they do.
   */
  | {
      readonly type: "requestPeerProbes";
      readonly key: string;
      readonly suspicion: number;
      readonly except: readonly string[];
    }
  /**
   * For the log: we cannot reach a node, and it stays in use, for `reachedBy` reaches it or, without that, since others
   * are alive and none says anything. Told once, until we reach it again.
   */
  | {
      readonly type: "disputed";
      readonly key: string;
      readonly reason: string;
      readonly reachedBy: string | undefined;
    }
  /** For the log: a node that was told to be "disputed" is reached by us again. It was in use all the time. */
  | { readonly type: "disputeCleared"; readonly key: string }
  /** One change that others can see, for the log. A node that joins comes from "joining". */
  | {
      readonly type: "transition";
      readonly key: string;
      readonly from: PublishedState;
      readonly to: PublishedState;
      readonly reason: string;
      /** What spoke against a node that goes down. */
      readonly evidence?: DownEvidence;
    }
  /** {@link publishedNodes} has changed. */
  | { readonly type: "topologyChanged" }
  /** {@link marksOf} has changed. */
  | { readonly type: "marksChanged" }
  /** Ask the cluster for its members. Several may come together: the sniffer keeps its own distance between sniffs. */
  | { readonly type: "sniff"; readonly reason: string };

/** Takes one event into account. The effects come in the order in which they should be carried out. */
export function nextArbiter(
  arbiter: Arbiter,
  event: ArbiterEvent,
  nowMs: number,
  random: Random,
): readonly [Arbiter, readonly ArbiterEffect[]] {
  const next = new Map(arbiter);
  const transitions: ArbiterEffect[] = [];
  const requests: ArbiterEffect[] = [];
  let topologyChanged = false;
  let marksChanged = false;

  for (const { key, formerKey, before, after, isKnown } of changesBy(arbiter, event, nowMs, random)) {
    const { member, probe, inquiry } = inTime(after, nowMs, random);
    if (formerKey !== undefined) next.delete(formerKey);
    if (member.health.state === "gone") next.delete(key);
    else next.set(key, member);

    const was = before === undefined ? unpublished : publicationOf(before);
    const is = publicationOf(member);
    const renamed = formerKey !== undefined;
    if (was.named !== is.named || (is.named && renamed)) topologyChanged = true;
    if (!sameMark(was.mark, is.mark) || (is.mark !== undefined && renamed)) marksChanged = true;
    const told = isKnown ? publicationOf(after) : was;
    // A node that goes before it was ever named is no news to anybody.
    if (told.standing !== is.standing && (told.named || is.named)) {
      const down = is.mark?.down;
      const evidence = down === undefined ? {} : { evidence: down };
      transitions.push({
        type: "transition",
        key,
        from: told.standing,
        to: is.standing,
        reason: is.reason,
        ...evidence,
      });
    }
    const sniff = sniffReason(isKnown ? after : before, member);
    if (sniff !== undefined) requests.push({ type: "sniff", reason: sniff });
    const unsettled = unsettledNews(before, member);
    if (unsettled !== undefined) transitions.push({ type: "disputed", key, ...unsettled });
    if (isResettled(before, member)) transitions.push({ type: "disputeCleared", key });
    if (probe !== undefined) requests.push({ type: "probe", key, fresh: probe.fresh });
    if (inquiry !== undefined) requests.push({ type: "requestPeerProbes", key, ...inquiry });
  }

  if (topologyChanged) transitions.push({ type: "topologyChanged" });
  if (marksChanged) transitions.push({ type: "marksChanged" });
  return [next, [...transitions, ...requests]];
}

/** The arbiter for a {@link ReducerRunner}; `random` spreads probes and retries over time. */
export function arbiterReducer(random: Random): Reducer<Arbiter, ArbiterEvent, ArbiterEffect> {
  return {
    next: (arbiter, event, nowMs) => nextArbiter(arbiter, event, nowMs, random),
    dueMs: arbiterDueMs,
    tick: { type: "tick" },
  };
}

/** When the next `tick` is due; undefined only while there is no member. */
export function arbiterDueMs(arbiter: Arbiter): number | undefined {
  let dueMs: number | undefined;
  for (const member of arbiter.values()) dueMs = Math.min(dueMs ?? Number.POSITIVE_INFINITY, memberDueMs(member));
  return dueMs;
}

/**
 * The keys of the nodes to publish: all but those that are joining. Nodes that have left stay among them for as long as
 * they are judged, so whoever publishes must keep their records until then.
 */
export function publishedNodes(arbiter: Arbiter): string[] {
  return [...arbiter].filter(([, member]) => publicationOf(member).named).map(([key]) => key);
}

/** What readers must know of the published nodes, by key; one that is well is not named. */
export function marksOf(arbiter: Arbiter): Record<string, LocalMark> {
  const marks: Record<string, LocalMark> = {};
  for (const [key, member] of arbiter) {
    const { mark } = publicationOf(member);
    if (mark !== undefined) marks[key] = mark;
  }
  return marks;
}

/** What becomes of one member by an event alone, before the time is taken into account. */
interface Change {
  readonly key: string;
  /** Its key until now, if that is another. */
  readonly formerKey?: string;
  readonly before: MonitoredNode | undefined;
  readonly after: MonitoredNode;
  /** `after` is known to all already: it was published by another. */
  readonly isKnown?: true;
}

function changesBy(arbiter: Arbiter, event: ArbiterEvent, nowMs: number, random: Random): Change[] {
  switch (event.type) {
    case "inherited":
      return event.nodes
        .filter(({ key }) => !arbiter.has(key))
        .map(({ key, address, trusted, mark }) => {
          const after = inherited(address, trusted, mark, nowMs, random);
          return { key, before: undefined, after, isKnown: true };
        });
    case "members":
      return changesByList(arbiter, event, nowMs);
    case "probed":
      return changeOf(arbiter, event.key, (member) => withProbe(member, event.outcome, event.reason, nowMs, random));
    case "reported":
      return changeOf(arbiter, event.key, (member) => {
        const { reason, replica, probe } = event;
        if (replica === undefined) return withDoubt(member, reason);
        return withDoubt(withReport(member, replica, probe === "failed", nowMs, random), reason);
      });
    case "peersAsked":
      return changeOf(arbiter, event.key, (member) => {
        const { suspicion, replicas, isAlone } = event;
        return withPeersAsked(member, suspicion, isAlone ? "alone" : "others", replicas, nowMs, random);
      });
    case "peerProbed":
      return changeOf(arbiter, event.key, (member) => {
        return withPeerResult(member, event.suspicion, event.replica, event.ok, nowMs, random);
      });
    case "refuted":
      return changeOf(arbiter, event.key, (member) => withRefutation(member, event.replica, nowMs, random));
    case "tick":
      return [...arbiter]
        .filter(([, member]) => memberDueMs(member) <= nowMs)
        .map(([key, member]) => ({ key, before: member, after: member }));
  }
}

function changeOf(arbiter: Arbiter, key: string, change: (member: MonitoredNode) => MonitoredNode): Change[] {
  const before = arbiter.get(key);
  return before === undefined ? [] : [{ key, before, after: change(before) }];
}

function changesByList(
  arbiter: Arbiter,
  { nodes, firstView }: Extract<ArbiterEvent, { type: "members" }>,
  nowMs: number,
): Change[] {
  const wanted = new Map(nodes.map((node) => [node.key, node]));
  const changes: Change[] = [];
  const renamedKeys = new Set<string>();
  for (const [key, { address, trusted }] of wanted) {
    const before = arbiter.get(key);
    if (before !== undefined) {
      changes.push({ key, before, after: relisted(before, trusted, nowMs) });
      continue;
    }
    const formerKey = keyWithoutId(address);
    const former = wanted.has(formerKey) || renamedKeys.has(formerKey) ? undefined : arbiter.get(formerKey);
    if (former === undefined) {
      changes.push({ key, before, after: newlyListed(address, trusted, firstView, nowMs) });
    } else {
      renamedKeys.add(formerKey);
      changes.push({ key, formerKey, before: former, after: relisted(withNewKey(former, nowMs), trusted, nowMs) });
    }
  }
  const addresses = new Set(nodes.map((node) => node.address));
  const ids = new Set(nodes.map((node) => idIn(node.key, node.address)));
  for (const [key, before] of arbiter) {
    if (wanted.has(key) || renamedKeys.has(key)) continue;
    const id = idIn(key, before.address);
    const mayReturn = id !== "" && !ids.has(id) && !addresses.has(before.address);
    changes.push({ key, before, after: unlisted(before, mayReturn, nowMs) });
  }
  return changes;
}

/** The cluster's id of the node in its `nodeKey`; "" if it is not known. */
function idIn(key: string, address: string): string {
  return key.slice(0, key.length - keyWithoutId(address).length);
}

/** The `nodeKey` of a node whose id is not known. */
function keyWithoutId(address: string): string {
  return `@${address}`;
}

/** One node as others see it. */
interface Publication {
  readonly standing: PublishedState;
  readonly named: boolean;
  readonly mark: LocalMark | undefined;
  readonly reason: string;
}

const unpublished: Publication = { standing: "joining", named: false, mark: undefined, reason: "" };

function publicationOf(member: MonitoredNode): Publication {
  const health = publicHealth(member);
  switch (health.state) {
    case "joining":
      return unpublished;
    case "gone":
      return { standing: "gone", named: false, mark: undefined, reason: health.reason };
    case "healthy":
      return { standing: "healthy", named: true, mark: undefined, reason: health.reason };
    case "unverified":
    case "slow-start":
    case "down":
    case "draining": {
      const { state: kind, sinceMs, reason } = health;
      const down = evidenceOf(member);
      const mark = { kind, sinceMs, reason, ...(down === undefined ? {} : { down }) };
      return { standing: kind, named: true, mark, reason };
    }
  }
}

function sameMark(a: LocalMark | undefined, b: LocalMark | undefined): boolean {
  return a?.kind === b?.kind && a?.sinceMs === b?.sinceMs && a?.reason === b?.reason;
}

/** What is to be told of a doubt that others do not share. */
function unsettledNews(before: MonitoredNode | undefined, after: MonitoredNode) {
  const was = before === undefined ? undefined : disputeOf(before);
  const is = disputeOf(after);
  if (is === undefined || (was !== undefined && (was.reachedBy !== undefined || is.reachedBy === undefined))) return;
  const { health } = after;
  const reason = isInUse(health) ? (health.doubt ?? "") : "";
  return { reason, reachedBy: is.reachedBy };
}

/** Whether a doubt that others did not share is over, and not because the node is down or has left after all. */
function isResettled(before: MonitoredNode | undefined, after: MonitoredNode): boolean {
  if (before === undefined || disputeOf(before) === undefined) return false;
  return isInUse(after.health) && disputeOf(after) === undefined;
}

/** Why the cluster should be asked for its members after this change. */
function sniffReason(before: MonitoredNode | undefined, { address, health }: MonitoredNode): string | undefined {
  if (health.state !== "down") return undefined;
  const { departedAtMs, successes } = health;
  if (before?.health.state !== "down") return `${address} went down`;
  if (departedAtMs === undefined || successes <= before.health.successes) return undefined;
  // It may be long in joining, or never join: ask at its 1st, 2nd, 4th, 8th … answer.
  return Number.isInteger(Math.log2(successes)) ? `${address} answers again` : undefined;
}
