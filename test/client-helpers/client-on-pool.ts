import { createPool, type Pool } from "rollcall";
import type { AnyClient, TestedClient } from "../clients/clients.js";
import type { MockConnection, MockNodes } from "./mock-nodes.js";
import { withRealTimers } from "./product-timers.js";

interface TestOptions {
  readonly node: string;
  readonly Connection?: MockConnection;
}

/** What the client's package exports, with a `Client` that is on a pool of the node or connection that a test gives it. */
export function packageOnPool(tested: TestedClient, nodes: MockNodes): object {
  const module = tested.load();
  class Client extends (module.Client as new (options: object) => AnyClient) {
    constructor({ node, Connection, ...options }: TestOptions) {
      const pool = poolOf(nodes.add(node, Connection));
      const onPool = tested.onPool(pool, options);
      // It opens no connection any more, but the client names its kind in a header.
      super(Connection === undefined ? onPool : { ...onPool, Connection });
    }
  }
  return { ...module, Client };
}

function poolOf(url: string): Pool {
  const pool = withRealTimers(() => createPool({ nodes: [url], discovery: false, threads: 0, logger: false }));
  return new Proxy(pool, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== "function") return value;
      const isSent = name === "request" || name === "stream";
      return (...given: unknown[]) => {
        const result: unknown = withRealTimers(() => value.apply(target, given));
        return isSent ? heldOpen(result as Promise<unknown>) : result;
      };
    },
  });
}

const pending = new Set<Promise<unknown>>();

/** Resolves once no request is on its way. */
export async function whenAnswered(): Promise<void> {
  while (pending.size > 0) {
    await Promise.allSettled(pending);
    // What waits for the answer goes on first: it may send more.
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** While a request waits for its next attempt, nothing else keeps the process from its end. */
function heldOpen<T>(sent: Promise<T>): Promise<T> {
  const { port1, port2 } = new MessageChannel();
  port1.ref();
  const held = sent.finally(() => {
    pending.delete(held);
    port2.close();
  });
  pending.add(held);
  return held;
}
