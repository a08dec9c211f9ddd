import type { Deadline } from "../../deadlines.js";
import { isInTime } from "../../in-time.js";
import { slowStartMs } from "../slow-start.js";
import { departureEndsMs } from "./down.js";
import {
  drop,
  type InUse,
  type MonitoredNode,
  nextProbeMs,
  type ProbeEffect,
  type Suspect,
  sendProbe,
} from "./node-health.js";
import {
  backersOf,
  judge,
  openSuspicion,
  probesOfSuspicion,
  suspectAtMs,
  suspicionProbeAtMs,
  verdictAtMs,
} from "./suspicion.js";

/** How long a node that left is still published, so that its readers can end their requests on it. */
const drainMs = 30_000;
/** A probe whose result has not come by then is sent again. */
const resultWithinMs = 30_000;

type NodeDeadline = Deadline<MonitoredNode, ProbeEffect>;

/** Everything that time alone does to a node; of two that are due, the first comes first. */
export function nodeDeadlines(node: MonitoredNode): readonly NodeDeadline[] {
  const { health, pendingProbes } = node;
  const isIdle = pendingProbes === 0;
  const lost: readonly NodeDeadline[] = isIdle
    ? []
    : [{ atMs: node.probedAtMs + resultWithinMs, run: (nowMs) => [forgetProbes(node, nowMs), []] }];
  switch (health.state) {
    case "joining":
    case "down": {
      const departureMs = health.state === "down" ? departureEndsMs(health) : Number.POSITIVE_INFINITY;
      const departure: NodeDeadline = { atMs: departureMs, run: () => [drop(node, "did not come back"), []] };
      const probe: NodeDeadline = { atMs: health.probeAtMs, run: (nowMs) => sendProbe(node, health, true, nowMs) };
      return isIdle ? [departure, probe] : [...lost, departure];
    }
    case "unverified":
    case "healthy":
    case "slow-start":
      return [...lost, ...slowStartEnd(node, health), ...(isIdle ? probesInUse(node, health) : [])];
    case "suspect":
      return [...lost, ...suspicionSteps(node, health)];
    case "draining":
      return [...lost, { atMs: health.sinceMs + drainMs, run: () => [drop(node, "drained"), []] }];
    case "gone":
      return [];
  }
}

function slowStartEnd(node: MonitoredNode, health: InUse): readonly NodeDeadline[] {
  if (health.state !== "slow-start") return [];
  const started = { ...health, state: "healthy", reason: "slow start is over" } as const;
  return [
    {
      atMs: health.sinceMs + slowStartMs,
      run: (nowMs) => [{ ...node, health: { ...started, sinceMs: nowMs } }, []],
    },
  ];
}

function probesInUse(node: MonitoredNode, health: InUse): readonly NodeDeadline[] {
  return [
    { atMs: suspectAtMs(health), run: (nowMs) => [openSuspicion(node, health, nowMs), []] },
    {
      atMs: health.probeAtMs,
      run: (nowMs, random) => sendProbe(node, { ...health, probeAtMs: nextProbeMs(nowMs, random) }, false, nowMs),
    },
  ];
}

function suspicionSteps(node: MonitoredNode, health: Suspect): readonly NodeDeadline[] {
  const verdictMs = health.probesFailed < probesOfSuspicion ? Number.POSITIVE_INFINITY : verdictAtMs(health);
  return [
    { atMs: suspicionProbeAtMs(health), run: (nowMs) => probeSuspect(node, health, nowMs) },
    {
      atMs: verdictMs,
      // A process that did not run may not have read the answers of its peers: it asks again.
      run: (nowMs, random) =>
        isInTime(verdictMs, nowMs)
          ? [judge(node, nowMs, random), []]
          : [openSuspicion(node, health.previous, nowMs), []],
    },
  ];
}

/** With the first probe of a suspicion, peers are asked for theirs. */
function probeSuspect(
  node: MonitoredNode,
  health: Suspect,
  nowMs: number,
): readonly [MonitoredNode, readonly ProbeEffect[]] {
  const [probed, effects] = sendProbe(node, { ...health, probesSent: health.probesSent + 1 }, true, nowMs);
  if (health.probesSent > 0) return [probed, effects];
  const request = { suspicion: node.suspicion, except: backersOf(node, health) };
  return [probed, [...effects, { type: "requestPeerProbes", ...request }]];
}

/** The result of a probe is lost: the node is judged as if it had not been probed. */
function forgetProbes(node: MonitoredNode, nowMs: number): MonitoredNode {
  const { health } = node;
  const unprobed = { ...node, pendingProbes: 0, answersVoid: false };
  return health.state === "suspect" ? openSuspicion(unprobed, health.previous, nowMs) : unprobed;
}
