import type { Timers, Unsubscribe } from "@rollcall/core";
import type { Heartbeat } from "@rollcall/core/view";
import type { ViewStore } from "./store/view-store.js";

/** Every replica sends a heartbeat within this time: before it, silence does not mean that there is none. */
const regularWithinMs = 7_500;
/** The status request waits until the subscription is in force, which a Redis Cluster receives on another connection. */
const askAfterMs = 250;
/** After it, every replica answers within this time: a fifth of a second, or one after its last answer. */
const answersWithinMs = 2_500;

export interface LeaderHeartbeatsParts {
  readonly store: Pick<ViewStore, "onHeartbeat" | "missesHeartbeats" | "requestStatus" | "isConnected">;
  readonly timers: Timers;
  /** Whether other processes share the view. If not, there is no heartbeat to wait for. */
  readonly isShared: boolean;
  readonly receive: (heartbeat: Heartbeat) => void;
}

/**
 * The heartbeats of all replicas, for the leader alone: a process that follows neither receives nor decodes them, so its
 * cost does not grow with their number.
 *
 *   off ── this process leads ──▶ on, and a status request ── another process leads ──▶ off
 *
 * A new leader reads in the answers which epochs other processes have seen, and which peers it has. It goes on between
 * two terms of its own.
 */
export class LeaderHeartbeats {
  private unsubscribe: Unsubscribe | undefined;
  /** Since when they have arrived without a gap. */
  private sinceMs = Number.POSITIVE_INFINITY;
  /** When the last one came. */
  private heardMs = Number.NEGATIVE_INFINITY;
  /** When all replicas have answered the status request; Infinity if it may not have been sent. */
  private answeredAtMs = Number.POSITIVE_INFINITY;
  private cancelRequest = () => {};

  constructor(private readonly parts: LeaderHeartbeatsParts) {}

  /**
   * For how long they have arrived without a gap; not above 0 while they are not received, or while none comes, not even
   * this process's own: then Redis is silent, and not the replicas.
   */
  get receivedForMs(): number {
    return this.areAllSilent ? 0 : this.sinceBeginMs;
  }

  /** Whether a process without a heartbeat is none. */
  get areComplete(): boolean {
    const { timers, isShared, store } = this.parts;
    if (!isShared) return true;
    if (store.missesHeartbeats()) return false;
    return this.sinceBeginMs >= regularWithinMs || timers.nowMs() >= this.answeredAtMs;
  }

  /** Whether what they say is all that there is to say: none is missing, and they come. */
  get speakForAll(): boolean {
    return this.areComplete && !(this.parts.isShared && this.areAllSilent);
  }

  begin(): void {
    if (this.unsubscribe !== undefined) return;
    this.unsubscribe = this.parts.store.onHeartbeat((heartbeat) => {
      if (this.areAllSilent) this.restart();
      this.heardMs = this.parts.timers.nowMs();
      this.parts.receive(heartbeat);
    });
    this.restart();
  }

  /** Some may have been lost, as with a new connection. */
  restart(): void {
    if (this.unsubscribe === undefined) return;
    const { store, timers, isShared } = this.parts;
    this.sinceMs = timers.nowMs();
    this.answeredAtMs = Number.POSITIVE_INFINITY;
    this.cancelRequest();
    if (!isShared) return;
    this.cancelRequest = timers.after(askAfterMs, () => {
      if (store.isConnected) this.answeredAtMs = timers.nowMs() + answersWithinMs;
      store.requestStatus();
    });
  }

  end(): void {
    this.cancelRequest();
    this.unsubscribe?.();
    this.unsubscribe = undefined;
    this.sinceMs = Number.POSITIVE_INFINITY;
    this.answeredAtMs = Number.POSITIVE_INFINITY;
  }

  private get sinceBeginMs(): number {
    return this.parts.timers.nowMs() - this.sinceMs;
  }

  private get areAllSilent(): boolean {
    return this.parts.timers.nowMs() - Math.max(this.heardMs, this.sinceMs) > regularWithinMs;
  }
}
