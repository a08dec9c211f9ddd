import type { Random, Timers } from "@rollcall/core";
import type { World } from "./world.js";

/** A loop that is not blocked wakes its timers within this time. */
const jitterMs = 2;
/** What a stopped process's kernel keeps for it; beyond that, connections would be full. */
const inboxMax = 20_000;

/**
 * One process: a monotonic clock of its own, timers, and a mailbox.
 *
 *   running ── stop() ──▶ stopped ── go() ──▶ running        kill() ──▶ dead, from anywhere
 *
 * While it is stopped (SIGSTOP, a blocked loop, a long collection of garbage) its clock goes on, but no timer fires and
 * no message is read. After that, timers come first, late as they are, and then what has arrived: as in Node's loop.
 */
export class SimProcess implements Timers {
  state: "running" | "stopped" | "dead" = "running";
  /** When it last was not running, in the world's time. */
  lastStoppedMs = Number.NEGATIVE_INFINITY;
  private readonly overdue: (() => void)[] = [];
  private readonly inbox: (() => void)[] = [];
  private readonly zeroMs: number;
  /** How fast its clock goes. */
  private readonly rate: number;
  private readonly deaths = new Set<() => void>();

  constructor(
    readonly name: string,
    private readonly world: World,
    readonly random: Random,
    rate?: number,
  ) {
    this.zeroMs = Math.floor(random() * 1e7);
    this.rate = rate ?? 1 + (random() - 0.5) * 0.002;
  }

  nowMs(): number {
    return this.zeroMs + this.world.nowMs() * this.rate;
  }

  after(delayMs: number, wake: () => void): () => void {
    let isWanted = true;
    const fire = () => {
      if (!isWanted || this.state === "dead") return;
      if (this.state === "stopped") this.overdue.push(fire);
      else wake();
    };
    // As Node has it: whole milliseconds, and never at once.
    const waitMs = Math.max(1, Math.ceil(delayMs)) / this.rate + this.random() * jitterMs;
    const cancel = this.world.after(waitMs, fire);
    return () => {
      isWanted = false;
      cancel();
    };
  }

  /** Something has arrived for this process just now. */
  deliver(read: () => void): void {
    if (this.state === "dead") return;
    if (this.state === "running") read();
    else if (this.inbox.length < inboxMax) this.inbox.push(read);
  }

  stop(): void {
    if (this.state !== "running") return;
    this.state = "stopped";
    this.lastStoppedMs = this.world.nowMs();
  }

  go(): void {
    if (this.state !== "stopped") return;
    this.state = "running";
    this.lastStoppedMs = this.world.nowMs();
    for (const run of [...this.overdue.splice(0), ...this.inbox.splice(0)]) {
      this.world.after(0, () => this.redo(run));
    }
  }

  kill(): void {
    if (this.state === "dead") return;
    this.state = "dead";
    this.lastStoppedMs = this.world.nowMs();
    this.overdue.length = 0;
    this.inbox.length = 0;
    for (const listener of this.deaths) listener();
  }

  /** The kernel closes what it had open. */
  onDeath(listener: () => void): void {
    this.deaths.add(listener);
  }

  /** It may have been stopped again meanwhile. */
  private redo(run: () => void): void {
    if (this.state === "running") run();
    else if (this.state === "stopped") this.overdue.push(run);
  }
}
