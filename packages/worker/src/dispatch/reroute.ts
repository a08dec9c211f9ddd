import type { Random } from "@rollcall/core";
import { isInTime } from "@rollcall/core/health";
import { emptyRerouteWindow, nextMoveTurn, nextReroutes, type RetryBudget } from "@rollcall/core/request";
import type { TableReader } from "../table/reader.js";
import type { AttemptHandler } from "./attempt.js";
import type { NodePools } from "./node-pools.js";
import type { RerouteOrder } from "./reroute-order.js";

/** An attempt to give up, and the slots that its request goes to instead. */
export interface PlannedReroute {
  readonly attempt: AttemptHandler;
  readonly targets: readonly number[];
}

/**
 * Decides which of this thread's attempts a reroute order applies to, and when a Read moves that lost its connection.
 * Keeps the windows that bound both.
 */
export class ReroutePlanner {
  private window = emptyRerouteWindow;
  private moveWindow = emptyRerouteWindow;

  constructor(
    private readonly reader: TableReader,
    private readonly pools: NodePools<AttemptHandler>,
    private readonly random: Random,
  ) {}

  /** What to reroute now, and the slots to probe for it. Nothing for an order that comes late: its data is outdated. */
  plan(order: RerouteOrder, nowMs: number): { reroutes: readonly PlannedReroute[]; probe: readonly number[] } {
    if (!isInTime(order.decidedAtMs, nowMs)) return { reroutes: [], probe: [] };
    const { window, reroutes, probe } = nextReroutes(
      this.window,
      this.stuckAttempts(order.stuck),
      this.reachable(order.targets),
      nowMs,
      this.random,
    );
    this.window = window;
    return { reroutes: reroutes.map(({ attempt, targets }) => ({ attempt: attempt.handler, targets })), probe };
  }

  /** How long a Read that lost its connection waits for its turn to move to a node that it has not tried. */
  moveAfterMs(tried: readonly number[], untriedNodes: number, nowMs: number, budget: RetryBudget): number {
    const inFlight = this.reader.inFlightAtUntried(tried);
    const { window, afterMs } = nextMoveTurn(this.moveWindow, untriedNodes, inFlight, nowMs, this.random, budget);
    this.moveWindow = window;
    return afterMs;
  }

  private stuckAttempts(stuck: RerouteOrder["stuck"]) {
    return stuck.flatMap(({ slot, generation, suspectedAtMs }) => {
      const pool = this.pools.get(slot);
      if (pool?.generation !== generation) return [];
      return Array.from(pool.inFlight, (handler) => ({
        slot,
        startedAtMs: handler.startedAtMs,
        suspectedAtMs,
        // One with a hedge under way is waited for elsewhere already.
        reroutable: handler.isWanted && handler.request.prepared.reroutable && handler.hedged?.race.kind !== "racing",
        rerouted: handler.request.rerouted,
        handler,
      }));
    });
  }

  private reachable(targets: RerouteOrder["targets"]) {
    return targets
      .filter(({ slot }) => this.pools.has(slot))
      .map((target) => ({ ...target, inFlight: this.reader.inFlightOf(target.slot) }));
  }
}
