import { fixed } from "@rollcall/core/config";
import { isInTime } from "@rollcall/core/health";
import { pick } from "@rollcall/core/selection";
import type { KnownNode, TableSender } from "#worker/cluster-state/collaborators";
import type { RerouteOrder } from "#worker/dispatch/reroute-order";
import type { DispatchObserver } from "#worker/dispatch/sender";
import type { Target } from "#worker/dispatch/target";
import type { TableReader } from "#worker/table/reader";
import type { Invariants } from "./invariants.js";
import type { Network } from "./network.js";
import type { Seams } from "./seams.js";
import type { SearchCluster } from "./search-cluster.js";
import type { SimProcess } from "./sim-process.js";

/** How often a process's requests are simulated. */
const trafficEveryMs = 100;
/** How long a Read waits for its hedge. */
const hedgeAfterMs = 60;
/** Which part of the requests are Reads, where not all are. */
const readPart = 0.7;
/** Requests that wait for one node at once; the others find a better one. */
const hangingMax = 8;
/**
 * A packet without an acknowledgement is sent again after this time, doubling; so often, until its request has timed
 * out.
 */
const resentMs = 200;
const resentMax = 6;
/**
 * Reads that wait on a node that is down are rerouted within so many beats: eight seconds, as all others may be
 * suspected.
 */
const rerouteWithinBeats = 160;

interface Place {
  readonly slot: number;
  readonly address: string;
  readonly generation: number;
}

interface Attempt {
  readonly place: Place;
  readonly startedAtMs: number;
  readonly isRead: boolean;
  over: boolean;
}

/**
 * The requests of one process that matter: those to nodes that fail, and those of picks. Answered requests are only
 * counted.
 */
export class SimulatedSender implements TableSender {
  answered = 0;
  private places: ReadonlyMap<number, Place> = new Map();
  /** Attempts that wait on a node, by slot; the oldest first. */
  private readonly hanging = new Map<number, readonly Attempt[]>();
  /** Slots that are no targets any more, and not yet released. */
  private readonly unreleased = new Set<number>();
  private readonly beatsOnDown = new Map<number, number>();

  constructor(
    private readonly process: SimProcess,
    private readonly environment: {
      readonly cluster: SearchCluster;
      readonly network: Network;
      readonly invariants: Invariants;
      readonly seams: Pick<Seams, "outrunMs">;
      readonly isHedged: boolean;
    },
    private readonly reader: TableReader,
    private readonly observer: DispatchObserver,
    /** To each node. */
    private readonly requestsPerSecond: number,
  ) {}

  start(nodes: () => readonly KnownNode[]): void {
    if (this.requestsPerSecond === 0) return;
    this.process.after(this.process.random() * trafficEveryMs, () => this.traffic(nodes));
  }

  /** The slot of an address that requests wait on. */
  waitsFor(address: string): boolean {
    return [...this.places.values()].some((place) => place.address === address && this.hanging.has(place.slot));
  }

  isCurrent(address: string, generation: number): boolean {
    return [...this.places.values()].some((place) => place.address === address && place.generation === generation);
  }

  // What the state orders.

  apply(targets: readonly Target[]): void {
    const before = this.places;
    const list = targets.map(({ slot, generation, endpoint: { address } }) => ({ slot, address, generation }));
    this.checkSlots(list);
    this.places = new Map(list.map((place) => [place.slot, place]));
    for (const place of list) {
      const last = before.get(place.slot);
      if (last?.generation === place.generation) continue;
      this.reader.forget(place.slot);
      if (last !== undefined) this.failLate(last);
    }
    for (const slot of before.keys()) {
      if (this.places.has(slot)) continue;
      this.unreleased.add(slot);
      if (!this.hanging.has(slot)) this.process.after(0, () => this.release(slot));
    }
  }

  reroute({ stuck, targets }: RerouteOrder): void {
    for (const { slot, generation } of stuck) {
      // The slot's last node had the same address, and so the same connections: what was sent to it waits there too.
      if (this.places.get(slot)?.generation !== generation) continue;
      const reads = (this.hanging.get(slot) ?? []).filter(({ isRead }) => isRead);
      for (const read of reads) {
        this.end(read);
        const { slot: target } = targets[Math.floor(this.process.random() * targets.length)] ?? { slot };
        this.send(target, true);
      }
    }
  }

  pump(): void {}

  /** S14, to be called at each beat. */
  checkReroutes(nodes: readonly KnownNode[]): void {
    const { eligible, panic } = this.reader.refresh();
    const hasOther = !panic && eligible.some((slot) => !this.hanging.has(slot));
    for (const { slot, standing } of nodes) {
      const waits = (this.hanging.get(slot) ?? []).some(({ isRead }) => isRead);
      const beats = hasOther && waits && standing.state === "down" ? (this.beatsOnDown.get(slot) ?? 0) + 1 : 0;
      this.beatsOnDown.set(slot, beats);
      if (beats > rerouteWithinBeats)
        this.environment.invariants.violated(
          "S14",
          `${this.process.name} leaves Reads with slot ${slot}, which is down`,
        );
    }
  }

  /** S13: a new node gets the lowest slot that is free: one that was released, and none that requests still wait on. */
  private checkSlots(list: readonly Place[]): void {
    const taken = new Set([...this.places.keys(), ...this.unreleased]);
    for (const { slot } of list.filter((place) => !this.places.has(place.slot))) {
      let lowest = 0;
      while (taken.has(lowest)) lowest++;
      taken.add(slot);
      if (slot === lowest) continue;
      const { name } = this.process;
      this.environment.invariants.violated(
        "S13",
        `${name} gives a node slot ${slot} where ${lowest} is the lowest free one`,
      );
    }
  }

  private release(slot: number): void {
    if (this.places.has(slot) || this.hanging.has(slot) || !this.unreleased.delete(slot)) return;
    this.observer.released(slot);
  }

  // Requests.

  private traffic(nodes: () => readonly KnownNode[]): void {
    const { process, reader, environment } = this;
    process.after(trafficEveryMs, () => this.traffic(nodes));
    const { eligible } = reader.refresh();
    const picked = pick(reader, [], process.nowMs(), process.random);
    environment.invariants.picked(process.name, nodes(), picked);
    if (picked.type === "node") this.send(picked.slot, this.drawsRead());

    const troubled = new Set([...environment.cluster.failing(), ...environment.network.troublesOf(process.name)]);
    const probability = 1 - Math.exp((-this.requestsPerSecond * trafficEveryMs) / 1_000);
    for (const slot of eligible) {
      if (process.random() >= probability) continue;
      const place = this.places.get(slot);
      if (place === undefined) continue;
      if (troubled.has(place.address)) this.send(slot, this.drawsRead());
      else this.answer(slot);
    }
  }

  /** A request was answered. */
  private answer(slot: number): void {
    this.answered++;
    this.reader.countAnswer(slot, false);
    this.reader.noteByte(slot, this.process.nowMs());
  }

  private send(slot: number, isRead: boolean): void {
    const { process, reader, environment } = this;
    const place = this.places.get(slot);
    if (place === undefined) return;
    const attempt: Attempt = { place, startedAtMs: process.nowMs(), isRead, over: false };
    switch (environment.cluster.requestNow(process, place.address)) {
      case "answered":
        return this.answer(slot);
      case "refused":
        reader.noteRefusal(slot);
        process.after(1, () => this.fail(attempt, "connection refused"));
        return;
      case "silent": {
        const waiting = this.hanging.get(slot) ?? [];
        if (waiting.length >= hangingMax) return;
        reader.enter(slot);
        this.wait(slot, [...waiting, attempt]);
        if (isRead && environment.isHedged) this.hedge(attempt);
        if (process.random() < 0.5) this.connect(attempt);
        else this.hang(attempt, environment.cluster.at(place.address)?.id, 0);
      }
    }
  }

  private drawsRead(): boolean {
    return this.environment.isHedged || this.process.random() < readPart;
  }

  /** Another node answers in its place. The attempt stays on for a while, so that this process finds the node out. */
  private hedge(attempt: Attempt): void {
    const { process, reader, environment } = this;
    process.after(hedgeAfterMs, () => {
      if (attempt.over) return;
      const others = reader.refresh().eligible.filter((slot) => !this.hanging.has(slot));
      const slot = others[Math.floor(process.random() * others.length)];
      if (slot === undefined) return;
      this.answer(slot);
      process.after(environment.seams.outrunMs, () => void this.end(attempt));
    });
  }

  /** A connection is to be opened first. */
  private connect(attempt: Attempt): void {
    const { process, environment } = this;
    const { place, startedAtMs } = attempt;
    process.after(fixed.connectTimeoutMs, () => {
      if (!this.end(attempt)) return;
      const inTime = isInTime(startedAtMs + fixed.connectTimeoutMs, process.nowMs());
      const connects = environment.cluster.requestNow(process, place.address) === "answered";
      if (inTime && !connects) this.fail(attempt, "connect timeout");
    });
  }

  /**
   * It was sent on a connection that was open. Its packets are sent again, ever more seldom, until one arrives: a
   * machine that does not have the connection resets it.
   */
  private hang(attempt: Attempt, id: string | undefined, times: number): void {
    const { process, environment } = this;
    const { address } = attempt.place;
    process.after(resentMs * 2 ** times, () => {
      if (attempt.over) return;
      const outcome = environment.cluster.requestNow(process, address);
      const isOther = environment.cluster.at(address)?.id !== id;
      if (outcome === "silent" && times < resentMax) return this.hang(attempt, id, times + 1);
      this.end(attempt);
      if (outcome === "refused" || (outcome === "answered" && isOther)) this.fail(attempt, "connection reset");
    });
  }

  /** Whether it was not over before. */
  private end(attempt: Attempt): boolean {
    if (attempt.over) return false;
    attempt.over = true;
    const { slot } = attempt.place;
    this.reader.leave(slot);
    const others = (this.hanging.get(slot) ?? []).filter((one) => one !== attempt);
    this.wait(slot, others);
    if (others.length === 0) this.release(slot);
    return true;
  }

  private wait(slot: number, attempts: readonly Attempt[]): void {
    if (attempts.length > 0) this.hanging.set(slot, attempts);
    else this.hanging.delete(slot);
    this.reader.showWaiting(slot, attempts.at(0)?.startedAtMs, attempts.at(-1)?.startedAtMs);
  }

  private fail({ place: { slot, address, generation }, startedAtMs }: Attempt, reason: string): void {
    this.environment.invariants.replicas.requestFailed(
      this.process.name,
      address,
      this.places.get(slot)?.generation === generation,
    );
    this.observer.failed({ slot, generation, startedAtMs, reason });
  }

  /** Threads report failures a little later, also those of a node that has just lost its place to another. */
  private failLate(place: Place): void {
    this.environment.invariants.replicas.replaced(this.process.name, place.address);
    for (const afterMs of [5, 15, 25]) {
      this.process.after(afterMs, () => {
        const startedAtMs = this.process.nowMs();
        this.fail({ place, startedAtMs, isRead: true, over: true }, "connection reset");
      });
    }
  }
}
