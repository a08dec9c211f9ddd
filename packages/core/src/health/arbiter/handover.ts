import type { Random } from "../../random.js";
import type { DownEvidence, Mark } from "../../view/view.js";
import { boundedFlaps, boundedHoldMs, holdEndsMs } from "./down.js";
import { type Down, type MonitoredNode, newInUse, newMonitoredNode, probeIntervalMs } from "./node-health.js";

/**
 * A node as the last leader published it. Its times stay: a change of leader makes no hold, slow start or drain longer.
 * A node that is down or unverified is probed at once. Flaps of a node in use were not published and are forgotten.
 *
 * Any process with access to the store may have written the mark: a time in the future becomes now, and a hold is cut
 * to the longest there is. Times of `mark` are monotonic milliseconds of this process.
 */
export function inheritNode(
  address: string,
  trusted: boolean,
  mark: Mark | undefined,
  nowMs: number,
  random: Random,
): MonitoredNode {
  // Spread over one interval: these nodes are healthy as far as the view shows.
  const probeAtMs = nowMs + probeIntervalMs * random();
  if (mark === undefined)
    return newMonitoredNode(address, trusted, newInUse("healthy", "taken over", nowMs, probeAtMs), nowMs);
  const { kind, reason } = mark;
  const sinceMs = Math.min(mark.sinceMs, nowMs);
  switch (kind) {
    case "unverified":
      return newMonitoredNode(address, trusted, { ...newInUse(kind, reason, nowMs, nowMs), sinceMs }, sinceMs);
    case "slow-start":
      return newMonitoredNode(address, trusted, { ...newInUse(kind, reason, nowMs, probeAtMs), sinceMs }, sinceMs);
    case "draining":
      return newMonitoredNode(address, trusted, { state: kind, sinceMs, reason }, sinceMs);
    case "down": {
      const { flaps = 1, holdUntilMs = holdEndsMs(sinceMs, 1), failedProbes = 0, reporters = 0 } = mark.down ?? {};
      const evidence = { holdUntilMs: boundedHoldMs(holdUntilMs, nowMs), failedProbes, reporters };
      const unanswered = { probeAtMs: nowMs, failures: 0, successes: 0, departedAtMs: undefined };
      const down: Down = { state: kind, sinceMs, reason, ...evidence, ...unanswered };
      return newMonitoredNode(address, trusted, down, sinceMs, boundedFlaps(flaps));
    }
  }
}

/** What a mark says of a node that is down, so that the next leader can go on from it. */
export function evidenceOf({ flaps, health }: MonitoredNode): DownEvidence | undefined {
  if (health.state !== "down") return undefined;
  const { holdUntilMs, failedProbes, reporters } = health;
  return { flaps, holdUntilMs, failedProbes, reporters };
}
