import { type Logger, messageOf, printableData } from "@rollcall/core";
import type { NodeEvent } from "./node-status.js";

/** The events of a pool. There is no "error": whatever fails, fails in the call that it belongs to. */
export interface PoolEvents {
  /** A node has another state than before. */
  readonly node: readonly [NodeEvent];
  /** The list of nodes has changed. */
  readonly view: readonly [NodeListEvent];
  /** No node is in use any more, or one is again. */
  readonly degraded: readonly [DegradedEvent];
}

/** The list of nodes has changed. */
export interface NodeListEvent {
  /** `host:port` of each. */
  readonly nodes: readonly string[];
  /** "seeds": only the configured nodes are known. */
  readonly source: "seeds" | "sniff";
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
    const printed = printableData(args);
    for (const [listener, isOnce] of [...this.listeners[event]]) {
      if (isOnce) this.off(event, listener);
      const failed = (error: unknown) => {
        if (this.faulty.has(listener)) return;
        this.faulty.add(listener);
        this.logger.error({ event, error: messageOf(error) }, "a listener threw");
      };
      try {
        // An async function fits as a listener, and may reject.
        const returned: unknown = listener(...printed);
        if (returned instanceof Promise) returned.catch(failed);
      } catch (error) {
        failed(error);
      }
    }
  }
}
