import type { Random } from "@rollcall/core";
import { isSuspected, stuckSinceMs } from "@rollcall/core/health";
import { rosterOf, type SelectableNode } from "@rollcall/core/selection";
import type { RerouteOrder } from "../dispatch/reroute-order.js";
import type { TableTraffic } from "../table/traffic.js";
import type { NodeEntry } from "./node-entry.js";
import type { TrafficWatch } from "./traffic-watch.js";

/** At most this many nodes are offered at once to Reads; others follow at the next beat. */
const targetsMax = 64;

/**
 * The nodes that Reads leave, of those that {@link TrafficWatch} watches, and those that they may go to. Undefined while
 * no Read waits on a stuck node, or while no other node can take one.
 *
 * The main thread decides this because only it sees the whole process. Each thread decides which of its attempts are
 * rerouted, and how many at a time.
 */
export function rerouteOrder(
  watched: readonly NodeEntry[],
  all: Iterable<NodeEntry>,
  traffic: Pick<TableTraffic, "isAwaited" | "lastByteMs">,
  nowMs: number,
  random: Random,
): RerouteOrder | undefined {
  const stuck: RerouteOrder["stuck"][number][] = [];
  // At every beat, and mostly in vain: nothing is built for nodes that are not stuck.
  for (const entry of watched) {
    const suspectedAtMs = stuckSinceMs(entry.node);
    if (suspectedAtMs === undefined || !traffic.isAwaited(entry.slot)) continue;
    stuck.push({ slot: entry.slot, generation: entry.row.generation, suspectedAtMs });
  }
  if (stuck.length === 0) return undefined;

  const entries = [...all].filter(({ isUsable }) => isUsable);
  const candidates = entries.flatMap((entry): SelectableNode[] => {
    const state = entry.shown();
    return state === undefined ? [] : [{ slot: entry.slot, ...state }];
  });
  const { eligible, panic } = rosterOf(candidates);
  // When hardly any node is left to choose, the fault is not in the nodes: then nothing is given up.
  if (panic) return undefined;
  const bySlot = new Map(entries.map((entry) => [entry.slot, entry]));
  const from = Math.floor(random() * eligible.length);
  const targets = [...eligible.slice(from), ...eligible.slice(0, from)]
    .flatMap((slot) => {
      const node = bySlot.get(slot)?.node;
      if (node === undefined || isSuspected(node)) return [];
      return [{ slot, lastByteAtMs: Math.max(node.signAtMs, traffic.lastByteMs(slot, nowMs)) }];
    })
    .slice(0, targetsMax);
  return targets.length === 0 ? undefined : { decidedAtMs: nowMs, stuck, targets };
}
