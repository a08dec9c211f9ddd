import type { Random } from "../random.js";
import type { Reducer } from "../reducer-runner.js";

/**
 * When the function that gives a credential is called, and which credential requests carry meanwhile:
 *
 *   idle ──begin──▶ asking ──given──▶ held ──its time, or a node has refused it──▶ asking …
 *                    │  ▲
 *              failed▼  │its time, or a node has refused the one before
 *                  failing
 *
 * A credential stays in use until another is given, whatever fails and even if its time is over: the cluster decides.
 */
export type RenewalState<Credential> =
  | { readonly kind: "idle" }
  | {
      readonly kind: "asking";
      readonly askedAtMs: number;
      readonly credential: Credential | undefined;
      readonly failures: number;
    }
  | { readonly kind: "held"; readonly askedAtMs: number; readonly dueMs: number; readonly credential: Credential }
  | {
      readonly kind: "failing";
      readonly askedAtMs: number;
      readonly dueMs: number;
      readonly credential: Credential | undefined;
      readonly failures: number;
    };

export type RenewalEvent<Credential> =
  | { readonly type: "begin" }
  /** A node has refused the credential. */
  | { readonly type: "refused" }
  /** `lastsMs`: for how long it holds, if the function says so; it may be over. */
  | { readonly type: "given"; readonly credential: Credential; readonly lastsMs: number | undefined }
  | { readonly type: "failed" }
  | { readonly type: "tick" };

/** The function is called; `given` or `failed` follows. */
export interface RenewalEffect {
  readonly type: "ask";
}

/** Without a time of its own, a credential is asked for again after this time, a tenth more or less. */
const renewalMs = 30_000;
/** The function is called no more often than this. */
const leastMs = 1_000;
/** After failures, the time doubles up to this. */
const backoffMaxMs = 30_000;
/** A credential with a time is asked for a quarter of it ahead, or by chance two; at most so much, or by chance twice. */
const aheadMaxMs = 120_000;
/** It is asked for once a day in any case: Node's timers bear no more than some days. */
const renewalMaxMs = 86_400_000;

/** The credential that requests carry in this state; undefined until the function has given one. */
export function credentialIn<Credential>(state: RenewalState<Credential>): Credential | undefined {
  return state.kind === "idle" ? undefined : state.credential;
}

/** By chance, the processes of a fleet do not all ask at once. */
export function credentialRenewal<Credential>(
  random: Random,
): Reducer<RenewalState<Credential>, RenewalEvent<Credential>, RenewalEffect> {
  const next = (state: RenewalState<Credential>, event: RenewalEvent<Credential>, nowMs: number) =>
    nextRenewal(state, event, nowMs, random);
  const dueMs = (state: RenewalState<Credential>) => ("dueMs" in state ? state.dueMs : undefined);
  return { next, dueMs, tick: { type: "tick" } };
}

type Step<Credential> = readonly [RenewalState<Credential>, readonly RenewalEffect[]];

function nextRenewal<Credential>(
  state: RenewalState<Credential>,
  event: RenewalEvent<Credential>,
  nowMs: number,
  random: Random,
): Step<Credential> {
  switch (state.kind) {
    case "idle":
      return event.type === "begin" ? ask<Credential>(undefined, 0, nowMs) : [state, []];
    case "asking": {
      const { askedAtMs, credential, failures } = state;
      if (event.type === "given") {
        const dueMs = nowMs + renewAfterMs(event.lastsMs, random);
        return [{ kind: "held", askedAtMs, dueMs, credential: event.credential }, []];
      }
      if (event.type !== "failed") return [state, []];
      const waitMs = credential === undefined ? leastMs : backoffMs(failures, random);
      return [{ kind: "failing", askedAtMs, dueMs: nowMs + waitMs, credential, failures: failures + 1 }, []];
    }
    default: {
      const failures = state.kind === "failing" ? state.failures : 0;
      const isWanted = event.type === "refused" || event.type === "begin";
      const dueMs = isWanted ? Math.min(state.dueMs, state.askedAtMs + leastMs) : state.dueMs;
      if (nowMs >= dueMs) return ask(state.credential, failures, nowMs);
      return [dueMs === state.dueMs ? state : { ...state, dueMs }, []];
    }
  }
}

function ask<Credential>(credential: Credential | undefined, failures: number, nowMs: number): Step<Credential> {
  return [{ kind: "asking", askedAtMs: nowMs, credential, failures }, [{ type: "ask" }]];
}

function renewAfterMs(lastsMs: number | undefined, random: Random): number {
  if (lastsMs === undefined) return renewalMs * (0.9 + 0.2 * random());
  const aheadMs = Math.min(aheadMaxMs, lastsMs / 4) * (1 + random());
  return Math.min(renewalMaxMs, Math.max(leastMs, lastsMs - aheadMs));
}

function backoffMs(failures: number, random: Random): number {
  return Math.min(backoffMaxMs, leastMs * 2 ** Math.min(failures, 10)) * (0.8 + 0.2 * random());
}
