/**
 * Where Piscina begins a thread. CommonJS on purpose: Piscina requires the file that it is given, and Node 20 aborts
 * the whole process when a thread is ended while an ES module is being required in it, as by `close()` right after the
 * start. Importing one can be broken off at any time.
 */
const entry = import("./entry.js").catch(async (error: unknown) => {
  // Piscina replaces a thread that fails at once: not more often than this.
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  throw error;
});

type Entry = Awaited<typeof entry>;

const run = async (order: Parameters<Entry["default"]>[0]): Promise<void> => (await entry).default(order);

/** Does nothing; threads.ts explains its purpose. */
const refill = (): void => {};

export = Object.assign(run, { refill });
