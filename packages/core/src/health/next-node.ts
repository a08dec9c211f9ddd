import type { Random } from "../random.js";
import type { Drain, Mark } from "../view/view.js";
import {
  beginTrial,
  type CircuitBreaker,
  type ConnectionFailure,
  doubt,
  ejectionOf,
  endTrial,
  failedAttempt,
  missTrial,
  resume,
  stalledNode,
  suspend,
  verified,
} from "./circuit-breaker.js";
import { isKeptOff, type LocalNode, shownMark, slowStartOf, standingOf } from "./node.js";
import type { LocalProbe, NodeEffect, ProbeResult } from "./node-probe.js";
import { answered, askForProof, namedBy, probedForProof } from "./proof.js";
import { nextMark, obeyedMark, recheckMark } from "./shared-mark.js";
import {
  type NodeTraffic,
  probeAgain,
  probedStall,
  probeWhenSilent,
  returned,
  suspectedSinceMs,
  withTraffic,
} from "./stall-detector.js";

/** A byte this recent shows that the node answers, whatever the view says. */
const answeringMs = 2_000;

export type LocalNodeEvent =
  /**
   * An attempt of a request failed on its connection: refused, no route, connect timeout, TLS, or reset before the
   * first byte of the answer. Not for a timeout of the answer, 429 or 5xx.
   */
  | ({ readonly type: "failed" } & ConnectionFailure)
  /** Check the traffic: to be sent every `beatMs` of loop-lag.ts, after the beat itself. */
  | { readonly type: "traffic" }
  /** Due at {@link nodeDueMs}; at any other time it does nothing. */
  | { readonly type: "tick" }
  /** The result of a `probe` effect. */
  | { readonly type: "probed"; readonly probe: LocalProbe; readonly result: ProbeResult }
  /**
   * The view's word on the node; may be repeated. `isFresh`: whether a leader stands behind its marks. A drain holds
   * whether or not one does. `isVouched`: none but a leader can have written it, or the address is configured.
   */
  | {
      readonly type: "marked";
      readonly mark: Mark | undefined;
      readonly isFresh: boolean;
      readonly isListed: boolean;
      readonly isVouched: boolean;
      readonly drain?: Drain | undefined;
    }
  /** Reads would be rerouted to the node if it gave a sign of life; may be repeated. */
  | { readonly type: "signWanted" };

type NodeStep = readonly [LocalNode, readonly NodeEffect[]];

/** Takes one event into account. Returns the same node if the event changes nothing. */
export function nextNode(
  before: LocalNode,
  event: LocalNodeEvent,
  traffic: NodeTraffic,
  nowMs: number,
  random: Random,
): NodeStep {
  const current = traffic.lastByteMs > before.sinceMs ? hasAnswered(before) : before;
  const [after, effects] = react(current, event, traffic, nowMs, random);
  // A trial has succeeded, or the leader has seen the node return: its waiting requests are watched anew.
  const isBack = isKeptOff(before) && !isKeptOff(after);
  const node = isBack ? changed(after, { stall: returned(after.stall, nowMs) }) : after;
  return [node, isShownAlike(before, node) ? effects : [{ type: "changed" }, ...effects]];
}

/** When the next `tick` is due; undefined while no deadline is pending. */
export function nodeDueMs(node: LocalNode): number | undefined {
  const times = deadlines(node).map(({ atMs }) => atMs);
  return times.length === 0 ? undefined : Math.min(...times);
}

function react(node: LocalNode, event: LocalNodeEvent, traffic: NodeTraffic, nowMs: number, random: Random): NodeStep {
  switch (event.type) {
    case "failed": {
      const [breaker, effects] = failedAttempt(node.breaker, event, nowMs, random);
      return [{ ...node, breaker, failedAtMs: nowMs }, effects];
    }
    case "traffic": {
      const [stall, effects] = probeWhenSilent(withTraffic(node.stall, traffic), traffic, nowMs);
      const watched = changed(node, { stall });
      const mark = recheckMark(watched.mark, isAnswering(watched, traffic, nowMs), nowMs);
      return [advise(changed(watched, { mark }), nowMs, random), effects];
    }
    case "tick":
      return deadlines(node)
        .filter(({ atMs }) => atMs <= nowMs)
        .reduce<NodeStep>(
          ([late, effects], { step }) => {
            const [next, more] = step(late, traffic, nowMs, random);
            return [next, [...effects, ...more]];
          },
          [node, []],
        );
    case "probed":
      return probed(node, event, traffic, nowMs, random);
    case "marked": {
      const mark = nextMark(node.mark, event, isAnswering(node, traffic, nowMs), nowMs);
      const { isListed, isVouched, drain } = event;
      const proof = namedBy(node.proof, isVouched || node.hasAnswered, nowMs);
      return [advise(changed(node, { mark, isListed, drain, proof }), nowMs, random), []];
    }
    case "signWanted":
      if (node.isAskedForSign) return [node, []];
      return [{ ...node, isAskedForSign: true }, [{ type: "probe", probe: { purpose: "sign" } }]];
  }
}

function probed(
  before: LocalNode,
  { probe, result }: Extract<LocalNodeEvent, { type: "probed" }>,
  traffic: NodeTraffic,
  nowMs: number,
  random: Random,
): NodeStep {
  const isReached = result.kind === "reached";
  const node = isReached ? hasAnswered(before) : before;
  switch (probe.purpose) {
    case "verify":
      return withBreaker(node, verified(node.breaker, result, traffic.lastByteMs, nowMs, random));
    case "trial":
      return withBreaker(node, endTrial(node.breaker, result, nowMs, random));
    case "proof": {
      const [proof, effects] = probedForProof(node.proof, result, nowMs, random);
      return [changed(node, { proof }), effects];
    }
    case "sign": {
      const asked = { ...node, isAskedForSign: false };
      return isReached ? [{ ...asked, signAtMs: nowMs }, [{ type: "reroute" }]] : [asked, []];
    }
    case "stall": {
      const [stall, effects] = probedStall(node.stall, probe.number, result, traffic, nowMs);
      const watched = changed(node, { stall });
      const isFound = stall.state === "stalled" && node.stall.state !== "stalled";
      if (!isFound || result.kind === "reached") return [watched, effects];
      const [ejected, more] = withBreaker(
        watched,
        stalledNode(node.breaker, `stalled: ${result.reason}`, nowMs, random),
      );
      return [ejected, [...more, ...effects]];
    }
  }
}

interface Deadline {
  readonly atMs: number;
  readonly step: (node: LocalNode, traffic: NodeTraffic, nowMs: number, random: Random) => NodeStep;
}

/** All that time alone makes happen. */
function deadlines({ breaker, stall, proof, mark }: LocalNode): readonly Deadline[] {
  const list: Deadline[] = [];
  if (proof.state === "wanted" && obeyedMark(mark)?.kind !== "down") {
    list.push({
      atMs: proof.atMs,
      step: (node) => [{ ...node, proof: askForProof(proof) }, [{ type: "probe", probe: { purpose: "proof" } }]],
    });
  }
  if (breaker.state === "open") {
    list.push({
      atMs: breaker.untilMs,
      step: (node, _traffic, nowMs) => withBreaker(node, beginTrial(breaker, nowMs)),
    });
  } else if (breaker.state === "half-open") {
    list.push({
      atMs: breaker.deadlineMs,
      step: (node, _traffic, nowMs, random) => withBreaker(node, missTrial(breaker, nowMs, random)),
    });
  }
  if (stall.state === "probing") {
    list.push({
      atMs: stall.againAtMs,
      step: (node, traffic, nowMs) => {
        const [next, effects] = probeAgain(stall, traffic, nowMs);
        return [{ ...node, stall: next }, effects];
      },
    });
  }
  return list;
}

/** Brings the circuit breaker in line with the mark. */
function advise(node: LocalNode, nowMs: number, random: Random): LocalNode {
  const { breaker, mark } = node;
  if (obeyedMark(mark)?.kind === "down") return changed(node, { breaker: suspend(breaker, nowMs) });
  const isDoubtful = mark.state === "doubtful";
  return changed(node, {
    breaker: isDoubtful ? doubt(breaker, mark.mark.reason, nowMs, random) : resume(breaker, nowMs),
  });
}

/** Whether the last that this process has seen of the node is a byte, not long ago. */
function isAnswering({ breaker, stall, failedAtMs }: LocalNode, { lastByteMs }: NodeTraffic, nowMs: number): boolean {
  if (ejectionOf(breaker) !== undefined || suspectedSinceMs(stall) !== undefined) return false;
  return lastByteMs > failedAtMs && nowMs - lastByteMs <= answeringMs;
}

function hasAnswered(node: LocalNode): LocalNode {
  return changed(node, { hasAnswered: true, proof: answered(node.proof) });
}

function withBreaker(node: LocalNode, [breaker, effects]: readonly [CircuitBreaker, readonly NodeEffect[]]): NodeStep {
  return [changed(node, { breaker }), effects];
}

function changed(node: LocalNode, change: Partial<LocalNode>): LocalNode {
  const keys = Object.keys(change) as (keyof LocalNode)[];
  return keys.every((key) => node[key] === change[key]) ? node : { ...node, ...change };
}

function isShownAlike(before: LocalNode, after: LocalNode): boolean {
  if (before === after) return true;
  const [one, other] = [standingOf(before, 0), standingOf(after, 0)];
  const [early, late] = [slowStartOf(before, 0), slowStartOf(after, 0)];
  const isSame = one.state === other.state && one.sinceMs === other.sinceMs && early?.fromMs === late?.fromMs;
  return isSame && shownMark(before) === shownMark(after);
}
