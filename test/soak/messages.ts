import type { PoolOptions } from "@rollcall/worker";
import type { Write } from "../faults/support-writes.js";
import type { Asked } from "../support/replica/index.js";

/**
 * What a replica of the soak calls, by what may become of it.
 *
 * read        a search; again at another node where its own fails
 * surge       a search with a timeout of 2 s, of those that make an overload
 * repeatable  a PUT or a bulk that may be sent twice
 * once        a POST or a bulk that may not
 * scroll      three pages of a scroll
 * stream      a large answer, piece by piece; some are left in their middle
 * abandoned   a search that its caller cancels at once
 * task        a search from within a task
 */
export const callKinds = ["read", "surge", "repeatable", "once", "scroll", "stream", "abandoned", "task"] as const;
export type CallKind = (typeof callKinds)[number];

/** A call that its caller sees fail. Times are those of this machine's clock. */
export interface FailedCall {
  readonly kind: CallKind;
  readonly beganMs: number;
  readonly endedMs: number;
  /** A code of `RollcallError`, or `STATUS` and the status. */
  readonly error: string;
  readonly message: string;
}

export interface WriteOutcome {
  readonly write: Pick<Write, "kind" | "index" | "items">;
  readonly outcome: Asked;
}

/** What a process holds after a collection of garbage: bytes by what holds them, numbers of objects, and of handles and timers. */
export interface HeldSample {
  readonly atMs: number;
  readonly held: Readonly<Record<string, number>>;
}

export interface SoakReplicaOptions {
  readonly pool: Omit<PoolOptions, "logger" | "auth">;
  readonly seed: number;
  /** Prefix of the indices that it writes to, its own alone. */
  readonly name: string;
}

export type ToSoakReplica =
  | { readonly type: "surge"; readonly perSecond: number }
  | { readonly type: "sample" }
  /** No further call; then `stopped`. */
  | { readonly type: "stop" }
  /** Closes the pool; then `closed`, and the process ends by itself. */
  | { readonly type: "close" };

export type FromSoakReplica =
  | { readonly type: "open" }
  | {
      readonly type: "calls";
      readonly answered: Readonly<Partial<Record<CallKind, number>>>;
      readonly failed: readonly FailedCall[];
      readonly writes: readonly WriteOutcome[];
    }
  | ({ readonly type: "sample" } & HeldSample)
  | { readonly type: "stopped"; readonly pending: number }
  | { readonly type: "closed"; readonly left: readonly string[] }
  | { readonly type: "line"; readonly level: string; readonly text: string };
