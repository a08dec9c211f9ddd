import type { Random } from "@rollcall/core";
import type { World } from "./world.js";

/**
 * The way from one place to another, in both directions.
 *
 *   open       packets arrive, some of them late
 *   cut        packets vanish: a connection attempt waits in vain
 *   refused    a machine on the way refuses at once
 */
export type Way = "open" | "cut" | "refused";

/** What communicates: processes, nodes of the cluster (by address), and "redis". */
export type Place = string;

/** A packet that was lost is sent again after about this time. */
const resentMs = { min: 200, max: 500 };

/** Which places reach which. */
export class Network {
  private readonly troubles = new Map<string, Way>();
  private readonly troubled = new Map<Place, Set<Place>>();
  /** When a way was last in trouble, for those where it is over. */
  private readonly healedMs = new Map<string, number>();
  private readonly waiting = new Map<string, (() => void)[]>();
  /** Of all packets, how many are lost and sent again. */
  loss = 0;

  constructor(
    private readonly world: World,
    private readonly random: Random,
  ) {}

  way(from: Place, to: Place): Way {
    return this.troubles.get(pair(from, to)) ?? "open";
  }

  set(from: Place, to: Place, way: Way): void {
    const key = pair(from, to);
    const nowMs = this.world.nowMs();
    this.note(from, to, way);
    this.note(to, from, way);
    if (way !== "open") {
      this.troubles.set(key, way);
      if (way === "refused") this.release(key);
      return;
    }
    if (!this.troubles.delete(key)) return;
    this.healedMs.set(key, nowMs);
    this.release(key);
  }

  /** The places that this one does not reach. */
  troublesOf(place: Place): ReadonlySet<Place> {
    return this.troubled.get(place) ?? none;
  }

  /** Since when packets have passed without a gap; undefined while they do not. */
  openSinceMs(from: Place, to: Place): number | undefined {
    const key = pair(from, to);
    return this.troubles.has(key) ? undefined : (this.healedMs.get(key) ?? Number.NEGATIVE_INFINITY);
  }

  /** How long a packet takes that arrives. */
  delayMs(): number {
    const wayMs = 0.2 + this.random() * 1.5;
    if (this.random() >= this.loss) return wayMs;
    return wayMs + resentMs.min + this.random() * (resentMs.max - resentMs.min);
  }

  /** Calls `go` once the way is no longer cut: at once, where it is not. */
  whenNotCut(from: Place, to: Place, go: () => void): void {
    const key = pair(from, to);
    if (this.troubles.get(key) !== "cut") return go();
    const waiting = this.waiting.get(key) ?? [];
    waiting.push(go);
    this.waiting.set(key, waiting);
  }

  private note(from: Place, to: Place, way: Way): void {
    const places = this.troubled.get(from) ?? new Set<Place>();
    this.troubled.set(from, places);
    if (way === "open") places.delete(to);
    else places.add(to);
  }

  private release(key: string): void {
    const waiting = this.waiting.get(key) ?? [];
    this.waiting.delete(key);
    for (const go of waiting) this.world.after(this.delayMs(), go);
  }
}

const none: ReadonlySet<Place> = new Set();

function pair(from: Place, to: Place): string {
  return from < to ? `${from} ${to}` : `${to} ${from}`;
}
