import type { Reach } from "@rollcall/coordinator";
import { type Random, ReducerRunner, type Timers } from "@rollcall/core";
import {
  type LocalNode,
  type LocalNodeEvent,
  type NodeEffect,
  type NodeTraffic,
  newNode,
  nextNode,
  nodeDueMs,
  shownMark,
  slowStartOf,
  standingOf,
  undrainedStandingOf,
} from "@rollcall/core/health";
import {
  clearStanding,
  type Penalized,
  type PenaltyStanding,
  penalizedOf,
  penaltyText,
  type SelectionVerdict,
} from "@rollcall/core/selection";
import { nodeKey } from "@rollcall/core/view";
import type { NodeState } from "../api/node-status.js";
import type { Row } from "../table/apply-view.js";
import type { SlotState } from "../table/layout.js";

/** The status of a node, and its reason. */
export interface NodeStanding {
  readonly state: NodeState;
  readonly reason?: string;
  /** On this process's monotonic clock. */
  readonly sinceMs?: number;
  /** Who decided it; absent for what holds of itself. */
  readonly by?: "leader" | "process" | "operator" | "configuration";
}

export interface NodeEntryOptions {
  readonly timers: Timers;
  readonly random: Random;
  readonly traffic: () => NodeTraffic;
  readonly carryOut: (effect: NodeEffect) => void;
  /** {@link NodeEntry.node} is another than before. */
  readonly changed: () => void;
}

/**
 * One node of the table, and all that the main thread holds of it.
 *
 * Another node in the same slot has another entry. A closed entry ignores late events, such as the result of a probe
 * that was in flight.
 */
export class NodeEntry {
  /** The sender may still have requests for the slot: its release is to come. */
  isHandedOut = false;
  /** When this process last reported the node to the leader. */
  reportedAtMs = Number.NEGATIVE_INFINITY;
  /** The state in the last event to listeners. */
  announced: NodeState | "absent" = "absent";
  /** When that was; undefined before the first. */
  announcedAtMs: number | undefined;
  /** What {@link PenaltyWatch} has made of the node. */
  penalty: PenaltyStanding = clearStanding;
  /** Its penalty that lasts, or the last one that did. */
  lastPenalized: Penalized | undefined;
  /** The credential that the sender has for it, and the number of the first list with it. */
  private delivered: { readonly authorization: string | undefined; readonly list: number } | undefined;
  private readonly runner: ReducerRunner<LocalNode, LocalNodeEvent, NodeEffect>;

  constructor(
    /** Replaced when the view has a newer record of the same node. */
    public row: Row,
    /** How the configuration lets the node be reached; replaced when the configuration has changed. */
    public reach: Reach,
    /** What the option `selection` makes of it; replaced with the row. */
    public verdict: SelectionVerdict,
    { timers, random, traffic, carryOut, changed }: NodeEntryOptions,
  ) {
    this.runner = new ReducerRunner<LocalNode, LocalNodeEvent, NodeEffect>(
      newNode(timers.nowMs()),
      {
        next: (node, event, nowMs) => nextNode(node, event, traffic(), nowMs, random),
        dueMs: nodeDueMs,
        tick: { type: "tick" },
      },
      {
        timers,
        carryOut,
        changed: (node, before) => {
          if (node !== before) changed();
        },
      },
    );
  }

  get node(): LocalNode {
    return this.runner.state;
  }

  get slot(): number {
    return this.row.slot;
  }

  get key(): string {
    return nodeKey(this.row.node);
  }

  get isUsable(): boolean {
    return this.reach.kind === "endpoint";
  }

  send(event: LocalNodeEvent): void {
    this.runner.send(event);
  }

  /** The sender has been given the list of that number. */
  noteDelivered(list: number): void {
    const authorization = this.reach.kind === "endpoint" ? this.reach.endpoint.headers.authorization : undefined;
    const { delivered } = this;
    if (delivered === undefined || delivered.authorization !== authorization) this.delivered = { authorization, list };
  }

  /** Whether its credential is another since the list of that number; undefined: the newest. Numbers may turn over. */
  isRenewedSince(list: number | undefined): boolean {
    return list !== undefined && this.delivered !== undefined && ((this.delivered.list - list) | 0) > 0;
  }

  /** Requests go to it, in the ordinary way or a part of them. */
  get isInUse(): boolean {
    const { state } = this.standingWithoutPenalty(0);
    return (
      state === "healthy" || state === "slow-start" || (state === "unverified" && this.shown()?.mark !== "unproven")
    );
  }

  standing(storeAheadMs: number): NodeStanding {
    const standing = this.standingWithoutPenalty(storeAheadMs);
    const penalized = penalizedOf(this.penalty);
    if (standing.state !== "healthy" || penalized === undefined) return standing;
    const { penalty, sinceMs } = penalized;
    return { state: "penalized", reason: penaltyText(penalty), sinceMs, by: "process" };
  }

  private standingWithoutPenalty(storeAheadMs: number): NodeStanding {
    if (this.reach.kind === "refused") return { state: "unusable", reason: this.reach.reason, by: "configuration" };
    const standing = standingOf(this.node, storeAheadMs);
    return this.announcedAtMs === undefined ? standing : { sinceMs: this.announcedAtMs, ...standing };
  }

  /** What readers of the table see; undefined: the node is not to be used. */
  shown(): SlotState | undefined {
    if (!this.isUsable) return undefined;
    const tier = this.isPreferred ? "preferred" : this.row.tier;
    return { tier, mark: shownMark(this.node), ejected: this.isEjected };
  }

  /** `selection.prefer` names it. */
  get isPreferred(): boolean {
    return this.verdict.kind === "used" && this.verdict.preferred && this.row.tier === "node";
  }

  /** By this process, whether or not an operator drains it. */
  get isEjected(): boolean {
    return this.isUsable && undrainedStandingOf(this.node, 0).state === "ejected";
  }

  /** This process holds its node for well against the view's down mark. */
  get isRefuting(): boolean {
    return this.node.mark.state === "refuted";
  }

  /** Whether others are to be shown something of it, perhaps: it is not simply in use, or as the view says. */
  get isNoteworthy(): boolean {
    return !this.isUsable || this.isRefuting || this.penalty.state !== "clear" || this.isEjected;
  }

  slowStart(storeAheadMs: number) {
    return slowStartOf(this.node, storeAheadMs);
  }

  close(): void {
    this.runner.close();
  }
}
