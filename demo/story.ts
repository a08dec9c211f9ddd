import { setTimeout as sleep } from "node:timers/promises";
import type { NodeState } from "@rollcall/worker";
import type { Victim } from "./cluster.js";

/** What the story sees of the world, and where it tells what it does. */
export interface Stage {
  /** How the pool sees the node of this name; undefined: not at all. */
  readonly stateOf: (name: string) => NodeState | undefined;
  /** Searches that the node of this name has answered so far. */
  readonly answersOf: (name: string) => number;
  /** Since the traffic began. */
  readonly elapsedMs: () => number;
  readonly tell: (line: string) => void;
  readonly signal: AbortSignal;
}

/** So long the searches should go on for all to be seen, unless somebody wants it otherwise. */
export const aloneSeconds = 45;

/** Shares of the whole time. What is left is for what takes as long as it takes: noticing, starting, being tried. */
const shares = { healthy: 8 / 45, away: 10 / 45, back: 8 / 45 };

/**
 * The course of events around searches that go on all the while:
 *
 *   all well ─▶ kill ─▶ the pool says down ─▶ a while without it ─▶ start it ─▶ it answers searches ─▶ a while with it
 *
 * Resolves when all that is over and `seconds` have passed too.
 *
 * @throws what `signal` was aborted with, at once, wherever the story is
 */
export async function killAndBringBack(victim: Victim, seconds: number, stage: Stage): Promise<void> {
  const { stateOf, answersOf, elapsedMs, tell, signal } = stage;
  const { name } = victim;
  const pass = (share: number) => sleep(share * seconds * 1_000, undefined, { signal });

  await pass(shares.healthy);
  tell(`killing ${name} (SIGKILL)`);
  await unlessAborted(victim.kill(), signal);
  await until(() => stateOf(name) === "down", signal);
  await pass(shares.away);

  tell(`starting ${name} again`);
  await unlessAborted(victim.restart(), signal);
  tell(`${name} answers on its own; the pool tries it before it sends searches`);
  const answeredBefore = answersOf(name);
  await until(() => isInUse(stateOf(name)) && answersOf(name) > answeredBefore, signal);
  tell(`${name} answers searches again`);
  await pass(shares.back);
  await watch(seconds, elapsedMs, signal);
}

/** Lets the searches go on until `seconds` have passed since they began. */
export async function watch(seconds: number, elapsedMs: () => number, signal: AbortSignal): Promise<void> {
  await sleep(Math.max(0, seconds * 1_000 - elapsedMs()), undefined, { signal });
}

async function until(look: () => boolean, signal: AbortSignal): Promise<void> {
  while (!look()) await sleep(50, undefined, { signal });
}

/** The work's own outcome, unless the signal fires first; the work then goes on unwatched. */
export async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let stop = () => {};
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
  });
  signal.addEventListener("abort", stop, { once: true });
  try {
    if (signal.aborted) stop();
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

export function isInUse(state: NodeState | undefined): boolean {
  return state === "healthy" || state === "slow-start";
}
