import { addressOf, type NodeRecord } from "./node-record.js";
import type { Drain, Marks, Pause } from "./view.js";

/** The node's drain among these: by its id, where that is known, or by its address. */
export function drainOf(drains: readonly Drain[], node: Pick<NodeRecord, "id" | "host" | "port">): Drain | undefined {
  if (drains.length === 0) return undefined;
  const address = addressOf(node);
  return drains.find((drain) => (drain.id !== "" && drain.id === node.id) || drain.address === address);
}

/** What operators have asked for and time has not ended. */
export interface OperationsInForce {
  readonly drains: readonly Drain[];
  readonly pause: Pause | undefined;
}

/** `nowMs` is on the store's clock. */
export function operationsInForce(
  { drains = [], pause }: { readonly [Name in "drains" | "pause"]?: Marks[Name] | undefined },
  nowMs: number,
): OperationsInForce {
  return {
    drains: drains.filter(({ untilMs }) => untilMs > nowMs),
    pause: pause !== undefined && pause.untilMs > nowMs ? pause : undefined,
  };
}

/** When time next ends one of them; infinity if there is none. */
export function operationsEndMs({ drains, pause }: OperationsInForce): number {
  return Math.min(...drains.map(({ untilMs }) => untilMs), pause?.untilMs ?? Number.POSITIVE_INFINITY);
}

/** `drained by ops@host until 2026-11-28 19:05:00 UTC: rolling restart`. */
export function drainText(drain: Pick<Drain, "by" | "untilMs" | "reason">): string {
  return `drained by ${operatorText(drain)}`;
}

/** Who, until when and why: `ops@host until 2026-11-28 19:05:00 UTC: rolling restart`. */
export function operatorText({ by, untilMs, reason }: Pick<Pause, "by" | "untilMs" | "reason">): string {
  return `${by} until ${timeText(untilMs)}${reason === "" ? "" : `: ${reason}`}`;
}

/** A time of the store's clock, for people. */
export function timeText(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? "an unknown time" : `${date.toISOString().slice(0, 19).replace("T", " ")} UTC`;
}
