import type { Random, Timers } from "@rollcall/core";
import { Exploration, type Picked, pick, pickAmong } from "@rollcall/core/selection";
import type { TableReader } from "../table/reader.js";
import type { AttemptHandler } from "./attempt.js";
import { NamedNodes } from "./named-nodes.js";
import type { NodePool } from "./node-pool.js";
import type { NodePools } from "./node-pools.js";
import type { DispatchedRequest } from "./pending-request.js";
import type { Target } from "./target.js";

export interface NodeChoiceOptions {
  readonly reader: TableReader;
  readonly timers: Timers;
  readonly random: Random;
  /** Takes the lists of targets that have come and were not applied yet, oldest first. Absent: none come that way. */
  readonly takeNewLists?: () => readonly (readonly Target[])[];
}

/** Why no request is sent at all. */
export const noneSelected = "`selection` leaves no node of the cluster";

/** Chooses the node for each attempt of one thread, by the newest state of the node table. */
export class NodeChoice {
  private readonly exploration = new Exploration();
  private readonly named = new NamedNodes();

  constructor(
    private readonly options: NodeChoiceOptions,
    private readonly pools: NodePools<AttemptHandler>,
  ) {}

  /** The node for the next attempt; undefined while none has room. */
  next(request: DispatchedRequest<AttemptHandler>, nowMs: number): NodePool<AttemptHandler> | undefined {
    this.catchUp(nowMs);
    const { reader, random } = this.options;
    const exploration = request.takeExploration() ? this.exploration : undefined;
    return this.poolOf(pick(reader, request.tried, nowMs, random, exploration));
  }

  /**
   * The node of this name, whatever is held against it; undefined while it has no room, or no node is listed at all. A
   * text says why there is none.
   */
  byName(name: string): NodePool<AttemptHandler> | string | undefined {
    this.catchUp(this.options.timers.nowMs());
    const { targets } = this.pools;
    const { reader } = this.options;
    if (targets.length === 0) return reader.isBarred ? noneSelected : undefined;
    const found = this.named.find(name, targets);
    if (typeof found === "string") return found;
    const successor = reader.hasLeft(found.slot) ? this.named.successorOf(found, targets) : undefined;
    const { slot } = successor ?? found;
    return reader.hasRoom(slot) ? this.pools.get(slot) : undefined;
  }

  /** One of these slots' nodes; undefined if none has room. {@link catchUp} must have been called in this turn. */
  among(slots: readonly number[], nowMs: number): NodePool<AttemptHandler> | undefined {
    return this.poolOf(pickAmong(this.options.reader, slots, nowMs, this.options.random));
  }

  /** Brings the roster, the connections and the penalties up to date. */
  catchUp(nowMs: number): void {
    const { reader } = this.options;
    // The table may name nodes of a list that came while it was read.
    do reader.refresh();
    while (this.applyNewLists());
    reader.advancePenalties(nowMs);
  }

  private applyNewLists(): boolean {
    const lists = this.options.takeNewLists?.() ?? noLists;
    for (const targets of lists) this.pools.apply(targets);
    return lists.length > 0;
  }

  private poolOf(picked: Picked): NodePool<AttemptHandler> | undefined {
    return picked.type === "node" ? this.pools.get(picked.slot) : undefined;
  }
}

const noLists: readonly (readonly Target[])[] = [];
