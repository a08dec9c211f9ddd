import type { Logger } from "@rollcall/core";
import type { NodeEvent } from "./node-status.js";

/** What a pool tells its listeners. There is no "error": whatever fails, fails in the call that it belongs to. */
export interface PoolEvents {
  /** A node's standing has changed. */
  readonly node: readonly [NodeEvent];
  /** The list of nodes has changed. */
  readonly view: readonly [{ readonly nodes: readonly string[]; readonly source: "seeds" | "sniff" }];
  /** No node is well any more, or one is again. */
  readonly degraded: readonly [{ readonly degraded: boolean; readonly reason: string }];
}

type Listener<E extends keyof PoolEvents> = (...args: PoolEvents[E]) => void;

/** Calls listeners one by one; what one of them throws harms neither the others nor the pool. */
export class PoolEmitter {
  private readonly listeners: { readonly [E in keyof PoolEvents]: Set<Listener<E>> } = {
    node: new Set(),
    view: new Set(),
    degraded: new Set(),
  };
  private readonly closeListeners = new Set<() => void>();

  constructor(private readonly logger: Logger) {}

  on<E extends keyof PoolEvents>(event: E, listener: Listener<E>): void {
    this.listeners[event].add(listener);
  }

  emit<E extends keyof PoolEvents>(event: E, ...args: PoolEvents[E]): void {
    const failed = (error: unknown) => {
      this.logger.error({ event, error: error instanceof Error ? error.message : "unknown" }, "a listener threw");
    };
    for (const listener of this.listeners[event]) {
      try {
        // An async function fits as a listener, and may reject.
        const returned: unknown = listener(...args);
        if (returned instanceof Promise) returned.catch(failed);
      } catch (error) {
        failed(error);
      }
    }
  }

  /** For the pool's own parts. Returns what stops it. */
  onClose(listener: () => void): () => void {
    this.closeListeners.add(listener);
    return () => this.closeListeners.delete(listener);
  }

  close(): void {
    for (const listener of this.closeListeners) listener();
  }
}
