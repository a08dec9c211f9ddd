import { AsyncLocalStorage } from "node:async_hooks";

const product = new AsyncLocalStorage<true>();

/** Runs code of ours: the timers that it starts are real ones, also while a test has put its own in their place. */
export function withRealTimers<T>(run: () => T): T {
  return product.run(true, run);
}

const names = ["setTimeout", "clearTimeout", "setInterval", "clearInterval"] as const;

/**
 * Tests of the clients replace timers and move their clock by hand. A timer of ours must neither be moved by that nor
 * keep the process from its end: the pools of a test are never closed.
 */
export function separateTimers(): void {
  for (const name of names) {
    const real = globalThis[name] as (...given: unknown[]) => unknown;
    const ours = (...given: unknown[]) => {
      const timer = real(...given);
      return timer instanceof Object && "unref" in timer ? (timer as NodeJS.Timeout).unref() : timer;
    };
    let ofTests: unknown = real;
    Object.defineProperty(globalThis, name, {
      configurable: true,
      enumerable: true,
      get: () => (product.getStore() === true ? ours : ofTests),
      set(given) {
        ofTests = given;
      },
    });
  }
}
