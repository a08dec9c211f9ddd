import { constants } from "node:os";

/** What a further signal does after the first: it ends the process at once, or nothing, because the first is obeyed. */
export type FurtherSignals = "end the process" | "are ignored";

let stopping: { readonly asked: AbortController; readonly further: FurtherSignals } | undefined;

/** Fires at the first SIGTERM or SIGINT. To be called once. */
export function untilStopSignal(further: FurtherSignals): AbortSignal {
  const asked = new AbortController();
  stopping = { asked, further };
  return asked.signal;
}

// Before a command waits for them they end the process, as they do by default. A process with the id 1, such as that of
// a container, has no such default.
for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.on(signal, () => {
    if (stopping === undefined || (stopping.asked.signal.aborted && stopping.further === "end the process")) {
      process.exit(128 + constants.signals[signal]);
    }
    stopping.asked.abort();
  });
}
