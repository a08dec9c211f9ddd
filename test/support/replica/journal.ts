import type { Freshness, Version } from "@rollcall/core/view";
import type { ViewStatus } from "@rollcall/worker";

/** What a replica did, in order, with the time on this machine's clock. */
export type ReplicaEntry =
  | {
      readonly kind: "request";
      readonly atMs: number;
      readonly tookMs: number;
      /** An error code with its text, or `status N`; absent: answered. */
      readonly failure?: string;
    }
  | {
      /** The view in force, when it has changed, and at least once a second. */
      readonly kind: "view";
      readonly atMs: number;
      readonly topology: Version;
      readonly marks: Version;
      readonly freshness: Freshness;
      readonly ageMs: number;
      readonly isLeading: boolean;
    };

/** How often a view in force is looked at beside the end of each request, and how long entries wait to be sent. */
const everyMs = 100;
const atLeastEveryMs = 1_000;

/** Keeps what a replica does, and hands it on in portions. `view` is called often: at the end of each request. */
export class ReplicaJournal {
  private pending: ReplicaEntry[] = [];
  private last: { readonly atMs: number; readonly text: string } | undefined;

  constructor(
    private readonly view: () => ViewStatus | undefined,
    private readonly nowMs: () => number,
    send: (entries: readonly ReplicaEntry[]) => void,
  ) {
    setInterval(() => {
      this.look();
      if (this.pending.length > 0) send(this.pending.splice(0));
    }, everyMs).unref();
  }

  request(tookMs: number, failure: string | undefined): void {
    const entry = { kind: "request", atMs: this.nowMs(), tookMs } as const;
    this.pending.push(failure === undefined ? entry : { ...entry, failure });
    this.look();
  }

  private look(): void {
    const view = this.view();
    if (view === undefined) return;
    const { version: topology, marksVersion: marks, freshness, ageMs, isLeading } = view;
    const text = JSON.stringify([topology, marks, freshness, isLeading]);
    const atMs = this.nowMs();
    if (this.last?.text === text && atMs - this.last.atMs < atLeastEveryMs) return;
    this.last = { atMs, text };
    this.pending.push({ kind: "view", atMs, topology, marks, freshness, ageMs, isLeading });
  }
}
