import { type Logger, logEvent, messageOf, printableData } from "@rollcall/core";
import type { NodeEvent } from "./node-status.js";
import type { SettledRequest } from "./settled-request.js";

/** The events of a pool. There is no "error": whatever fails, fails in the call that it belongs to. */
export interface PoolEvents {
  /** A node has another state than before. */
  readonly node: readonly [NodeEvent];
  /** The list of nodes has changed. */
  readonly view: readonly [NodeListEvent];
  /** No node is in use any more, or one is again. */
  readonly degraded: readonly [DegradedEvent];
  /** A request has settled that this thread's code made: not one of a task in a worker thread. */
  readonly settled: readonly [SettledRequest];
}

/** The list of nodes has changed. */
export interface NodeListEvent {
  /** `host:port` of each. */
  readonly nodes: readonly string[];
  /** "seeds": only the configured nodes are known. */
  readonly source: "seeds" | "sniff" | "dns";
}

/** No node is in use any more, or one is again. */
export interface DegradedEvent {
  readonly degraded: boolean;
  /** For people. */
  readonly reason: string;
}

type Listener<E extends keyof PoolEvents> = (...args: PoolEvents[E]) => void;

/**
 * Calls listeners in order of their registration. The first error of each is logged; an error reaches neither the
 * others nor the pool. An event contains texts from nodes and from Redis; a listener gets them without control
 * characters.
 */
export class PoolEmitter {
  /** Those whose value is true are called at the next event alone. */
  private readonly listeners: { readonly [E in keyof PoolEvents]: Map<Listener<E>, boolean> } = {
    node: new Map(),
    view: new Map(),
    degraded: new Map(),
    settled: new Map(),
  };

  /** Listeners whose first error was logged. */
  private readonly faulty = new WeakSet<Listener<never>>();

  constructor(private readonly logger: Logger) {}

  on<E extends keyof PoolEvents>(event: E, listener: Listener<E>): void {
    this.listeners[event].set(listener, false);
  }

  /** Has no effect on one that was added by `on`. */
  once<E extends keyof PoolEvents>(event: E, listener: Listener<E>): void {
    if (!this.listeners[event].has(listener)) this.listeners[event].set(listener, true);
  }

  off<E extends keyof PoolEvents>(event: E, listener: Listener<E>): void {
    this.listeners[event].delete(listener);
  }

  emit<E extends keyof PoolEvents>(event: E, ...args: PoolEvents[E]): void {
    // A view of thousands of nodes takes its time.
    if (this.listeners[event].size === 0) return;
    const printed = printableData(args);
    for (const [listener, isOnce] of [...this.listeners[event]]) {
      if (isOnce) this.off(event, listener);
      this.call(event, listener, printed);
    }
  }

  /** Whether `settled` has a listener: nothing need be made for it otherwise. */
  get wantsSettled(): boolean {
    return this.listeners.settled.size > 0;
  }

  /** Without copies, which each request would pay for: a listener gets no more than the answer and the error show. */
  emitSettled(request: SettledRequest): void {
    const args = [request] as const;
    for (const [listener, isOnce] of this.listeners.settled) {
      if (isOnce) this.off("settled", listener);
      this.call("settled", listener, args);
    }
  }

  private call<E extends keyof PoolEvents>(event: E, listener: Listener<E>, args: PoolEvents[E]): void {
    try {
      // An async function fits as a listener, and may reject.
      const returned: unknown = listener(...args);
      if (returned instanceof Promise) returned.catch((error) => this.noteFailure(event, listener, error));
    } catch (error) {
      this.noteFailure(event, listener, error);
    }
  }

  private noteFailure<E extends keyof PoolEvents>(event: E, listener: Listener<E>, error: unknown): void {
    if (this.faulty.has(listener)) return;
    this.faulty.add(listener);
    logEvent(this.logger, "listener.threw", { listensTo: event, error: messageOf(error) }, "a listener threw");
  }
}
