import { operableLabel } from "@rollcall/core/operations";
import { figure } from "@rollcall/core/selection";
import { durationText } from "../duration-text.js";
import { nameList } from "../name-list.js";
import { operationText } from "../show-status.js";
import type { NodeReport } from "../status-report.js";
import type { Explanation, ReplicaOnNode } from "./explain-node.js";

/** The question answered in one sentence, for people. */
export interface Answer {
  readonly text: string;
  /** Whether the node gets what its equals get; null where that is not known. */
  readonly isWell: boolean | null;
}

type Facts = Omit<Explanation, "answer">;
/** Undefined: another rule answers. The text continues the label of the node. */
type Rule = (facts: Facts) => readonly [text: string, isWell: boolean | null] | undefined;

/** The sentence that explains most: what holds for all processes before what some have decided for themselves. */
export function answerFor(facts: Facts): Answer {
  for (const rule of rules) {
    const answer = rule(facts);
    if (answer !== undefined) return { text: `${label(facts.node)} ${answer[0]}.`, isWell: answer[1] };
  }
  return { text: `${label(facts.node)}: nothing is known about it.`, isWell: null };
}

function label({ name, address }: NodeReport): string {
  return operableLabel({ address, ...(name === null ? {} : { name }) });
}

const rules: readonly Rule[] = [
  drained,
  down,
  leaving,
  unanswered,
  keptOutByAll,
  keptOutBySome,
  penalized,
  inSlowStart,
  unused,
  served,
];

function drained({ node }: Facts) {
  if (node.drain === null) return undefined;
  const inFlight = node.traffic?.inFlight ?? 0;
  const left = inFlight === 0 ? "nothing is in flight" : `${inFlight} in flight`;
  return [`receives no new requests: ${operationText("drained", node.drain)}; ${left}`, false] as const;
}

function down(facts: Facts) {
  const { node, view, replicas } = facts;
  if (node.state !== "down") return undefined;
  if (view.pause !== null) {
    const marked = `is marked down${since(node, view.atMs)}: ${reasonOf(node)}`;
    return [`${marked}; and used all the same: ${operationText("paused", view.pause)}`, null] as const;
  }
  const refuting = replicas.filter(({ decision }) => decision === "refutes");
  const but =
    refuting.length === 0
      ? ""
      : `; ${namesOf(refuting)} still use${refuting.length === 1 ? "s" : ""} it, as it answers there`;
  const unlisted = node.isListed ? "" : ", and the cluster does not list it any more";
  return [
    `receives nothing: it is down for all${since(node, view.atMs)}: ${reasonOf(node)}${unlisted}${but}`,
    false,
  ] as const;
}

function leaving({ node, view }: Facts) {
  if (node.isListed && node.state !== "draining") return undefined;
  return [
    `receives no new requests: it has left the cluster${since(node, view.atMs)}: ${reasonOf(node)}`,
    false,
  ] as const;
}

function unanswered({ node, view }: Facts) {
  if (node.state !== "unverified") return undefined;
  return [`is not used yet${since(node, view.atMs)}: it has never answered (${reasonOf(node)})`, false] as const;
}

function keptOutByAll({ replicas, view }: Facts) {
  const [pools, out] = [withPool(replicas), keptOut(replicas)];
  const [first] = out;
  if (first === undefined || out.length < pools.length) return undefined;
  const decisions = new Set(out.map(({ decision }) => decision));
  const how = decisions.has("unusable")
    ? decisions.size > 1
      ? "keeps out or has ejected it"
      : "keeps it out by its configuration"
    : "has ejected it";
  return [
    `receives nothing: every replica (${pools.length}) ${how}${sinceOf(first, view.atMs)}: ${first.reason ?? "no reason given"}`,
    false,
  ] as const;
}

function keptOutBySome({ replicas }: Facts) {
  const [pools, out] = [withPool(replicas), keptOut(replicas)];
  const [first] = out;
  if (first === undefined) return undefined;
  const how = first.decision === "unusable" ? "cannot use it" : out.length === 1 ? "has ejected it" : "have ejected it";
  return [
    `receives nothing from ${out.length} of ${pools.length} replicas: ${namesOf(out)} ${how}: ${first.reason ?? "no reason given"}; the others use it`,
    false,
  ] as const;
}

function penalized(facts: Facts) {
  const { replicas, view } = facts;
  const few = replicas.filter(({ decision }) => decision === "penalized");
  const [worst] = few;
  if (worst === undefined) return undefined;
  const part = partOfShare(facts);
  const gets = part === undefined ? "receives few requests" : `receives ${percent(part)} of its share`;
  const pools = withPool(replicas).length;
  const where = few.length === pools ? "" : `, for ${few.length} of ${pools} replicas`;
  return [
    `${gets}: ${worst.reason ?? "slower or failing more often than the others"}${sinceOf(worst, view.atMs)}${where}`,
    false,
  ] as const;
}

function inSlowStart({ node, view }: Facts) {
  if (node.state !== "slow-start") return undefined;
  return [
    `receives a growing part of its share: slow start${since(node, view.atMs)}: ${reasonOf(node)}`,
    true,
  ] as const;
}

function unused({ node, replicas }: Facts) {
  const pools = withPool(replicas);
  if (pools.length === 0) return ["has nothing held against it; no replica with a pool has answered", null] as const;
  if (node.traffic === null || pools.every(({ traffic }) => (traffic?.perSecond ?? 0) === 0)) {
    return [
      `has nothing held against it; ${pools.length} replicas send it nothing now, or have not counted yet`,
      null,
    ] as const;
  }
  return undefined;
}

function served(facts: Facts) {
  const { node, equalShare } = facts;
  const part = partOfShare(facts);
  if (part === undefined || node.traffic === null) return undefined;
  const compared = `${percent(node.traffic.share)} of the requests, where an equal share is ${percent(equalShare)}`;
  return [`receives its share: ${compared}`, true] as const;
}

/** Of what an equal share would be. */
function partOfShare({ node, equalShare }: Facts): number | undefined {
  if (node.traffic === null) return undefined;
  return node.traffic.share / equalShare;
}

function withPool(replicas: readonly ReplicaOnNode[]): readonly ReplicaOnNode[] {
  return replicas.filter(({ decision }) => decision !== "observes");
}

function keptOut(replicas: readonly ReplicaOnNode[]): readonly ReplicaOnNode[] {
  return replicas.filter(({ decision }) => decision === "ejected" || decision === "unusable");
}

function namesOf(replicas: readonly ReplicaOnNode[]): string {
  return nameList(replicas.map(({ host, pid }) => `${host} (pid ${pid})`));
}

function reasonOf({ reason }: NodeReport): string {
  return reason ?? "no reason given";
}

function since({ forMs }: NodeReport, atMs: number | null): string {
  return sinceText(forMs, atMs);
}

function sinceOf({ forMs }: ReplicaOnNode, atMs: number | null): string {
  return sinceText(forMs, atMs);
}

const dayMs = 86_400_000;

/** By the clock of Redis: ` since 12:04:10 UTC (3 min)`. */
function sinceText(forMs: number | null, atMs: number | null): string {
  if (forMs === null || atMs === null) return "";
  const time = new Date(atMs - forMs).toISOString();
  const shown = forMs < dayMs ? time.slice(11, 19) : `${time.slice(0, 10)} ${time.slice(11, 19)}`;
  return ` since ${shown} UTC (${durationText(forMs)})`;
}

function percent(part: number): string {
  return `${figure(part * 100)} %`;
}
