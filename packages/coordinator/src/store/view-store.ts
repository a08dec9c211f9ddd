import type { Head, Marks, Topology, View } from "@rollcall/core/view";

/** The right to publish. Every write is checked against it, inside the store. */
export interface Lease {
  readonly epoch: number;
  readonly leader: string;
}

/** What a coordinator publishes: always the head, and whichever document is new. */
export interface Publication {
  readonly head: Omit<Head, "atMs">;
  readonly topology?: Topology;
  readonly marks?: Marks;
}

/** "This node fails me": evidence from one process, a hint to look and nothing more. */
export interface FailureReport {
  /** By `nodeKey`. */
  readonly node: string;
  /** For people, such as `connection refused`. */
  readonly reason: string;
}

/** Stops a subscription. */
export type Unsubscribe = () => void;

/**
 * Where the view lives: what coordinators write and pools read. One process or many see the same through it.
 *
 * Promised: a publication is refused unless its lease is the newest; readers never see a head before the documents it
 * names; listeners are called in the order of publication.
 * Not promised: that a listener hears every publication. The newest is all that counts, and `read` gives it.
 */
export interface ViewStore {
  /** Takes the lease; undefined where somebody else holds it. The holder gets a new one, and its earlier one is void. */
  acquire(leader: string): Promise<Lease | undefined>;
  /** Keeps the lease and says that its holder is alive. False where the lease is lost. */
  renew(lease: Lease, beat: number): Promise<boolean>;
  /** Makes documents and head visible, at once and together. False where the lease is lost. */
  publish(lease: Lease, publication: Publication): Promise<boolean>;
  /** Gives the lease back. */
  release(lease: Lease): Promise<void>;
  /** The newest view, or undefined where nothing was ever published. */
  read(): Promise<View | undefined>;
  /** Calls `listener` with each newer view, and with each beat. A listener may not throw. */
  subscribe(listener: (view: View) => void): Unsubscribe;
  /** Tells whoever leads about a failing node. Never fails: a report is only a hint. */
  report(report: FailureReport): void;
  /** Calls `listener` with each report, for a coordinator to look into. */
  onReport(listener: (report: FailureReport) => void): Unsubscribe;
  /** The store's own time, in milliseconds: the clock of every time in a view. */
  nowMs(): number;
}
