import { type Timers, withDeadline } from "@rollcall/core";

/** What a function of the application has given, or why there is nothing, for people. */
export type GivenValue =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly problem: string };

/**
 * Calls a function of the application that gives a secret. One that takes longer has failed; its later answer is ignored.
 * What it throws is not shown: code that handles secrets made it. Never rejects.
 */
export function givenBy(provider: () => unknown, withinMs: number, timers: Timers): Promise<GivenValue> {
  const given = async (): Promise<GivenValue> => ({ ok: true, value: await provider() });
  const threw = (): GivenValue => ({ ok: false, problem: "it threw" });
  const late = (): GivenValue => ({ ok: false, problem: `no answer within ${withinMs} ms` });
  return withDeadline(given().catch(threw), withinMs, timers, late);
}
