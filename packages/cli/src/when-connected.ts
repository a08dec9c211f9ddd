import { RollcallError } from "@rollcall/core";
import { pause } from "./pause.js";

/** A connection takes a moment, and a lost one is made again; after this time Redis counts as away. */
const connectWithinMs = 3_000;
const retryMs = 100;

/** What Redis has answered, or why it cannot be used. */
export type Answered<Value> = { readonly value: Value } | { readonly problem: string };

/** Asks Redis until it answers, for 3 s. Never rejects because of Redis; ends early when `stop` fires. */
export async function whenConnected<Value>(ask: () => Promise<Value>, stop: AbortSignal): Promise<Answered<Value>> {
  const untilMs = performance.now() + connectWithinMs;
  for (;;) {
    try {
      return { value: await ask() };
    } catch (error) {
      if (!(error instanceof RollcallError) || error.code !== "REDIS") throw error;
      if (performance.now() >= untilMs || stop.aborted) return { problem: error.message };
    }
    await pause(retryMs, stop);
  }
}
