import type { Random, Timers } from "@rollcall/core";
import {
  newStallDetector,
  nextStallDetector,
  type StallDetector,
  type StallEffect,
  type StallEvent,
  suspectedSinceMs,
} from "@rollcall/core/health";
import { type Roster, rosterOf, type SelectableNode } from "@rollcall/core/selection";
import type { RerouteOrder } from "../dispatch/reroute-order.js";
import { isAvoided, readCandidates } from "../table/candidates.js";
import { HeaderWord, SharedWord, sharedRow } from "../table/layout.js";
import type { TableTraffic } from "../table/traffic.js";
import type { ProbeResult } from "./probe-once.js";

export interface NodeWatchOptions {
  readonly words: Int32Array;
  readonly traffic: TableTraffic;
  readonly timers: Timers;
  readonly random: Random;
  /** Looks at the slot's node on a new connection; without a time, for as long as a probe has. Always answers. */
  readonly look: (slot: number, timeoutMs?: number) => Promise<ProbeResult>;
  /** Requests wait on the node, and it answers no probe either. */
  readonly silent: (slot: number, generation: number, reason: string) => void;
  readonly move: (order: RerouteOrder) => void;
}

/** A byte so recent says that the node is well, whatever the view says. */
const answeringMs = 2_000;
/** So many nodes are offered at once to Reads that move: others are at the next turn. */
const targetsMax = 64;

interface Seat {
  readonly generation: number;
  silence: StallDetector;
  isAvoided: boolean;
  /** When the view was first seen to mark the node DOWN; undefined while it does not. */
  downSinceMs: number | undefined;
  /** When it last answered a probe that asked for a sign of life. */
  signMs: number;
  /** Such a probe is under way. */
  isAsked: boolean;
  /** When a request of ours last failed on its connection. */
  failedAtMs: number;
}

/**
 * The main thread's eye on every node, by what all threads show in the table: finds nodes that have fallen silent, and
 * has the Reads that wait on them, or on a node that goes DOWN, sent to others.
 *
 * Here it is decided from which nodes to which: only here all of the process is seen. Which attempts, and how many at a
 * time, each thread decides for itself (dispatch.ts), for there they are.
 */
export class NodeWatch {
  /** By slot: every node that may be used. */
  private readonly seats = new Map<number, Seat>();
  private version = -1;
  private candidates: readonly SelectableNode[] = [];
  private roster: Roster = rosterOf([]);
  private closed = false;

  constructor(private readonly options: NodeWatchOptions) {}

  /** To be called every `beatMs`, after the beat of a dispatch in this thread. */
  tick(): void {
    if (this.closed) return;
    const { traffic, timers } = this.options;
    const nowMs = timers.nowMs();
    this.look(nowMs);
    for (const { slot } of this.candidates) {
      const seat = this.seats.get(slot);
      if (seat === undefined || (seat.silence.state === "calm" && !traffic.isAwaited(slot))) continue;
      this.step(slot, seat, { type: "tick" });
    }
    this.move();
  }

  /** An attempt has failed on its connection. */
  failed(slot: number, generation: number): void {
    const seat = this.seats.get(slot);
    if (seat?.generation === generation) seat.failedAtMs = this.options.timers.nowMs();
  }

  /** Reads would go to the slot's node if it gave a sign of life. It is asked for one, once at a time. */
  signWanted(slot: number): void {
    const seat = this.seats.get(slot);
    if (seat === undefined || seat.isAsked || this.closed) return;
    seat.isAsked = true;
    void this.options.look(slot).then(({ kind }) => {
      seat.isAsked = false;
      if (kind !== "reached" || this.closed) return;
      seat.signMs = this.options.timers.nowMs();
      this.move();
    });
  }

  /** Whether the last that was seen of the node is a byte of an answer, not long ago. */
  isAnswering(slot: number, generation: number): boolean {
    const seat = this.seats.get(slot);
    if (seat?.generation !== generation || suspectedSinceMs(seat.silence) !== undefined) return false;
    const nowMs = this.options.timers.nowMs();
    const heardMs = this.options.traffic.heardMs(slot, nowMs);
    return heardMs > seat.failedAtMs && nowMs - heardMs <= answeringMs;
  }

  close(): void {
    this.closed = true;
  }

  /** Reads the shared rows again, if any has changed. */
  private look(nowMs: number): void {
    const { words } = this.options;
    const version = Atomics.load(words, HeaderWord.version);
    if (version === this.version) return;
    this.version = version;
    this.candidates = readCandidates(words);
    this.roster = rosterOf(this.candidates);
    const gone = new Set(this.seats.keys());
    for (const candidate of this.candidates) {
      gone.delete(candidate.slot);
      this.seat(candidate, nowMs);
    }
    for (const slot of gone) this.seats.delete(slot);
  }

  private seat(candidate: SelectableNode, nowMs: number): void {
    const { slot } = candidate;
    const generation = Atomics.load(this.options.words, sharedRow(slot) + SharedWord.generation);
    let seat = this.seats.get(slot);
    if (seat?.generation !== generation) {
      seat = {
        generation,
        silence: newStallDetector,
        isAvoided: false,
        downSinceMs: undefined,
        signMs: Number.NEGATIVE_INFINITY,
        isAsked: false,
        failedAtMs: Number.NEGATIVE_INFINITY,
      };
      this.seats.set(slot, seat);
    }
    seat.downSinceMs = candidate.mark === "down" ? (seat.downSinceMs ?? nowMs) : undefined;
    const wasAvoided = seat.isAvoided;
    seat.isAvoided = isAvoided(candidate);
    // A trial of ours has succeeded, or the coordinator has seen it return.
    if (wasAvoided && !seat.isAvoided) this.step(slot, seat, { type: "returned" });
  }

  private step(slot: number, seat: Seat, event: StallEvent): void {
    const { traffic, timers } = this.options;
    const nowMs = timers.nowMs();
    const [silence, effects] = nextStallDetector(seat.silence, event, traffic.of(slot, nowMs), nowMs);
    seat.silence = silence;
    for (const effect of effects) this.carryOut(slot, seat, effect);
  }

  private carryOut(slot: number, seat: Seat, effect: StallEffect): void {
    if (effect.type === "silent") this.options.silent(slot, seat.generation, effect.reason);
    else void this.probe(slot, seat, effect);
  }

  private async probe(slot: number, seat: Seat, { probe, timeoutMs }: StallEffect & { type: "probe" }): Promise<void> {
    const { timers } = this.options;
    const askedAtMs = timers.nowMs();
    const seen = await this.options.look(slot, timeoutMs);
    if (this.closed || this.seats.get(slot) !== seat) return;
    switch (seen.kind) {
      case "unreachable":
        this.step(slot, seat, { type: "probed", probe, outcome: "unanswered", reason: seen.reason });
        return this.move();
      case "reached":
      case "foreign":
        return this.step(slot, seat, { type: "probed", probe, outcome: "answered" });
      case "void":
        // What fails at once would do so again. Not told, the probe is given up after a while, and asked again.
        if (timers.nowMs() - askedAtMs >= timeoutMs) this.step(slot, seat, { type: "probed", probe, outcome: "void" });
    }
  }

  private move(): void {
    const { traffic, timers } = this.options;
    const nowMs = timers.nowMs();
    this.look(nowMs);
    const stuck: RerouteOrder["stuck"][number][] = [];
    for (const [slot, seat] of this.seats) {
      const suspectedAtMs = stuckSinceMs(seat);
      if (suspectedAtMs === undefined || !traffic.isAwaited(slot)) continue;
      stuck.push({ slot, generation: seat.generation, suspectedAtMs });
    }
    // When hardly any node is left to choose, the fault is not in the nodes: then nothing is given up.
    if (stuck.length === 0 || this.roster.panic) return;
    const targets = this.targets(nowMs);
    if (targets.length > 0) this.options.move({ decidedAtMs: nowMs, stuck, targets });
  }

  private targets(nowMs: number): RerouteOrder["targets"][number][] {
    const { traffic, random } = this.options;
    const { eligible } = this.roster;
    const from = Math.floor(random() * eligible.length);
    const targets: RerouteOrder["targets"][number][] = [];
    for (let at = 0; at < eligible.length && targets.length < targetsMax; at++) {
      const slot = eligible[(from + at) % eligible.length] ?? -1;
      const seat = this.seats.get(slot);
      if (seat === undefined || suspectedSinceMs(seat.silence) !== undefined) continue;
      targets.push({ slot, heardAtMs: Math.max(seat.signMs, traffic.heardMs(slot, nowMs)) });
    }
    return targets;
  }
}

/** Since when Reads that wait on the node are better off elsewhere. */
function stuckSinceMs({ silence, downSinceMs }: Seat): number | undefined {
  return silence.state === "silent" ? silence.suspectedAtMs : downSinceMs;
}
