import { AsyncLocalStorage } from "node:async_hooks";
import { channel } from "node:diagnostics_channel";

/** Calls a function in the asynchronous context of the code that made it: what `AsyncLocalStorage` holds there. */
export type CallerContext = (run: () => void) => void;

/** undici publishes each request here as it takes it on: instrumentations listen, and may add headers. */
export const requestCreated = channel("undici:request:create");

/**
 * The context of the code that runs now, where an instrumentation could see in which one undici is called. Otherwise
 * nothing is made: a request that is sent from the queue, or again, begins in the context of another one's answer.
 */
export function callerContext(): CallerContext | undefined {
  return requestCreated.hasSubscribers ? AsyncLocalStorage.snapshot() : undefined;
}
