import { runDue } from "../../deadlines.js";
import { present } from "../../present.js";
import type { Random } from "../../random.js";
import type { Reducer } from "../../reducer-runner.js";
import type { Mark } from "../../view/view.js";
import type { ArbiterEffect, ArbiterEvent } from "./arbiter-events.js";
import { unmarkNode } from "./down.js";
import { idleAtMs, nextFleetUse } from "./fleet-use.js";
import { inheritNode } from "./handover.js";
import { joinNode, relistNode, renameNode, unlistNode } from "./listing.js";
import { MonitoredNodes } from "./monitored-nodes.js";
import { nodeDeadlines } from "./node-deadlines.js";
import { disputeOf, isInUse, type MonitoredNode } from "./node-health.js";
import type { NodeKeys } from "./peers.js";
import { pacedProbe, repaced } from "./probe-pace.js";
import { isPublished, isSameMark, publishedNodeOf, unpublished } from "./published-node.js";
import { recordProbe, recordRefutation } from "./record-probe.js";
import { raiseDoubt, recordPeerResult, recordPeersAsked, recordReport } from "./suspicion.js";

/**
 * The leader's judgement of every node of the cluster, by `nodeKey`. Every process that reads the view follows it.
 *
 * Promised:
 * - Slow answers, 429 and 5xx never take a node out of use. Only two failed probes of the leader on new connections do,
 *   if a peer has failed to reach the node too and no peer has reached it, or the answer of another cluster. So neither
 *   the leader nor any other single process takes a node from the processes that reach it.
 * - If no other process is alive, the two probes suffice. If others are alive and none answers, the node stays in use.
 * - A node returns from `down` after its hold and two to five good probes in a row, with a slow start; or at once and in
 *   full if an operator takes the mark back.
 * - A list of members changes which nodes are judged, never their health.
 * - An event about one node costs the same in a cluster of three nodes and of three thousand.
 * - While no process sends requests, nodes that are well cost the same probes in a cluster of three nodes and of a thousand.
 *
 * Not promised: that every process can reach the nodes the leader reaches. One that cannot ejects the node locally.
 *
 * All times are monotonic milliseconds.
 */
export type Arbiter = MonitoredNodes;

export const emptyArbiter: Arbiter = MonitoredNodes.none;

/** Takes one event into account. The effects come in the order in which they should be carried out. */
export function nextArbiter(
  last: Arbiter,
  event: ArbiterEvent,
  nowMs: number,
  random: Random,
): readonly [Arbiter, readonly ArbiterEffect[]] {
  const arbiter = usedBy(last, event, nowMs, random);
  const changed = new Map<string, MonitoredNode | undefined>();
  const news: ArbiterEffect[] = [];
  const requests: ArbiterEffect[] = [];
  let topologyChanged = false;
  let marksChanged = false;

  for (const change of changesBy(arbiter, event, nowMs, random)) {
    const [judged, asked] = runDue(change.after, nodeDeadlines, nowMs, random);
    const { key, formerKey, before } = change;
    const node = pacedProbe(judged, before, arbiter, nowMs, random);
    if (formerKey !== undefined) changed.set(formerKey, undefined);
    if (node !== before || formerKey !== undefined) changed.set(key, node.health.state === "gone" ? undefined : node);

    const was = before === undefined ? unpublished : publishedNodeOf(before);
    const is = publishedNodeOf(node);
    if (was.isListed !== is.isListed || (is.isListed && formerKey !== undefined)) topologyChanged = true;
    if (!isSameMark(was.mark, is.mark) || (is.mark !== undefined && formerKey !== undefined)) marksChanged = true;
    news.push(...newsOf(change, node));
    if (isSniffWorthwhile(change.isKnown ? change.after : before, node)) requests.push({ type: "sniff" });
    for (const effect of asked) requests.push({ ...effect, key });
  }

  if (topologyChanged) news.push({ type: "topologyChanged" });
  if (marksChanged) news.push({ type: "marksChanged" });
  return [changed.size === 0 ? arbiter : arbiter.with(changed), [...news, ...requests]];
}

/** What the event says about the use of the nodes, and about the pace of their regular probes with it. */
function usedBy(arbiter: Arbiter, event: ArbiterEvent, nowMs: number, random: Random): Arbiter {
  const use = nextFleetUse(arbiter.use, event, nowMs);
  if (use === arbiter.use) return arbiter;
  const used = arbiter.withUse(use);
  if (arbiter.use === undefined || use.state === arbiter.use.state) return used;
  return used.map((node) => repaced(node, used, nowMs, random));
}

/** The arbiter for a `ReducerRunner`; `random` spreads probes and retries over time. */
export function arbiterReducer(random: Random): Reducer<Arbiter, ArbiterEvent, ArbiterEffect> {
  return {
    next: (arbiter, event, nowMs) => nextArbiter(arbiter, event, nowMs, random),
    dueMs: arbiterDueMs,
    tick: { type: "tick" },
  };
}

/** When the next `tick` is due; undefined only while there is no node. */
export function arbiterDueMs(arbiter: Arbiter): number | undefined {
  return arbiter.size === 0 ? undefined : Math.min(arbiter.dueMs, idleAtMs(arbiter.use));
}

/**
 * The keys of the nodes to publish: all but those that are joining. A node that has left the cluster stays among them
 * while it is judged, so its record must be kept until then.
 */
export function publishedNodes(arbiter: Arbiter): string[] {
  return [...arbiter].filter(([, node]) => isPublished(node)).map(([key]) => key);
}

/** The same keys to look one up, at no cost for the others. */
export function publishedKeys(arbiter: Arbiter): NodeKeys {
  const has = (key: string) => {
    const node = arbiter.get(key);
    return node !== undefined && isPublished(node);
  };
  return { size: arbiter.publishedCount, has };
}

/** The marks to publish, by key. A healthy node has none. */
export function marksOf(arbiter: Arbiter): Record<string, Mark> {
  const marks: Record<string, Mark> = {};
  for (const [key, node] of arbiter) {
    const { mark } = publishedNodeOf(node);
    if (mark !== undefined) marks[key] = mark;
  }
  return marks;
}

/** What an event alone makes of one node, before its deadlines are checked. */
interface NodeChange {
  readonly key: string;
  /** The key until now, if it is another. */
  readonly formerKey?: string;
  readonly before: MonitoredNode | undefined;
  readonly after: MonitoredNode;
  /** Another leader has published `after`. */
  readonly isKnown?: true;
}

function changesBy(arbiter: Arbiter, event: ArbiterEvent, nowMs: number, random: Random): NodeChange[] {
  switch (event.type) {
    case "inherited":
      return event.nodes
        .filter(({ key }) => !arbiter.has(key))
        .map(({ key, address, trusted, mark }) => {
          const after = inheritNode(address, trusted, mark, nowMs, random);
          return { key, before: undefined, after, isKnown: true };
        });
    case "members":
      return changesByList(arbiter, event, nowMs);
    case "used":
      return [];
    case "tick":
      return arbiter.due(nowMs).map(([key, node]) => ({ key, before: node, after: node }));
    default: {
      const { key } = event;
      const before = arbiter.get(key);
      return before === undefined ? [] : [{ key, before, after: afterEvent(before, event, nowMs, random) }];
    }
  }
}

/** An event about one node. */
type OneNodeEvent = Extract<ArbiterEvent, { readonly key: string }>;

function afterEvent(node: MonitoredNode, event: OneNodeEvent, nowMs: number, random: Random): MonitoredNode {
  switch (event.type) {
    case "probed":
      return recordProbe(node, event.outcome, event.reason, nowMs, random);
    case "reported": {
      const { reason, replica, probe } = event;
      if (replica === undefined) return raiseDoubt(node, reason);
      return raiseDoubt(recordReport(node, replica, probe === "failed", nowMs, random), reason);
    }
    case "peersAsked": {
      const { suspicion, replicas, isAlone } = event;
      return recordPeersAsked(node, suspicion, isAlone ? "alone" : "others", replicas, nowMs, random);
    }
    case "peerProbed":
      return recordPeerResult(node, event.suspicion, event.replica, event.ok, nowMs, random);
    case "refuted":
      return recordRefutation(node, event.replica, nowMs, random);
    case "unmarked":
      return unmarkNode(node, event.reason, nowMs);
  }
}

function changesByList(
  arbiter: Arbiter,
  { nodes, firstView }: Extract<ArbiterEvent, { type: "members" }>,
  nowMs: number,
): NodeChange[] {
  const wanted = new Map(nodes.map((node) => [node.key, node]));
  const changes: NodeChange[] = [];
  const renamedKeys = new Set<string>();
  for (const [key, { address, trusted }] of wanted) {
    const before = arbiter.get(key);
    if (before !== undefined) {
      changes.push({ key, before, after: relistNode(before, trusted, nowMs) });
      continue;
    }
    const formerKey = keyWithoutId(address);
    const former = wanted.has(formerKey) || renamedKeys.has(formerKey) ? undefined : arbiter.get(formerKey);
    if (former === undefined) {
      changes.push({ key, before, after: joinNode(address, trusted, firstView, nowMs) });
    } else {
      renamedKeys.add(formerKey);
      changes.push({ key, formerKey, before: former, after: relistNode(renameNode(former, nowMs), trusted, nowMs) });
    }
  }
  const addresses = new Set(nodes.map((node) => node.address));
  const ids = new Set(nodes.map((node) => idIn(node.key, node.address)));
  for (const [key, before] of arbiter) {
    if (wanted.has(key) || renamedKeys.has(key)) continue;
    const id = idIn(key, before.address);
    const mayReturn = id !== "" && !ids.has(id) && !addresses.has(before.address);
    changes.push({ key, before, after: unlistNode(before, mayReturn, nowMs) });
  }
  return changes;
}

/** The cluster's id of the node in its `nodeKey`; "" if the id is not known. */
function idIn(key: string, address: string): string {
  return key.slice(0, key.length - keyWithoutId(address).length);
}

/** The `nodeKey` of a node whose id is not known. */
function keyWithoutId(address: string): string {
  return `@${address}`;
}

/** What is worth a log line. */
function newsOf({ key, before, after, isKnown }: NodeChange, node: MonitoredNode): ArbiterEffect[] {
  const news: ArbiterEffect[] = [];
  const was = isKnown ? publishedNodeOf(after) : before === undefined ? unpublished : publishedNodeOf(before);
  const is = publishedNodeOf(node);
  // A node that goes before it was listed is no news.
  if (was.state !== is.state && (was.isListed || is.isListed)) {
    const states = { from: was.state, to: is.state, reason: is.reason };
    news.push({ type: "transition", key, ...present({ ...states, evidence: is.mark?.down }) });
  }
  const dispute = disputeOf(node);
  const disputeBefore = before === undefined ? undefined : disputeOf(before);
  if (dispute !== undefined) {
    const isNew = disputeBefore === undefined;
    // One that had no answer at first is logged again once a peer reaches the node.
    if (isNew || (disputeBefore.reachedBy === undefined && dispute.reachedBy !== undefined)) {
      const reason = isInUse(node.health) ? (node.health.doubt ?? "") : "";
      news.push({ type: "disputed", key, reason, reachedBy: dispute.reachedBy });
    }
  } else if (disputeBefore !== undefined && isInUse(node.health)) news.push({ type: "disputeCleared", key });
  return news;
}

/** Whether the cluster's list may have changed with this node: it went down, or answers after it had left. */
function isSniffWorthwhile(before: MonitoredNode | undefined, { health }: MonitoredNode): boolean {
  if (health.state !== "down") return false;
  if (before?.health.state !== "down") return true;
  if (health.departedAtMs === undefined || health.successes <= before.health.successes) return false;
  // It may take long to join, or never join: sniff at its 1st, 2nd, 4th, 8th … answer.
  return Number.isInteger(Math.log2(health.successes));
}
