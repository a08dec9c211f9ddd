import type { Head, Heartbeat, Marks, Topology, View } from "@rollcall/core/view";

/** The right to publish. Every write is checked against it, inside the store. */
export interface Lease {
  /** Unique, and above every epoch that any reader has applied. */
  readonly epoch: number;
  readonly leader: string;
}

/** What a coordinator publishes: always the head, and whichever document is new. */
export interface Publication {
  readonly head: Omit<Head, "atMs">;
  readonly topology?: Topology;
  readonly marks?: Marks;
}

/**
 *   kept        the lease holds, and readers have been told that its holder is alive
 *   lost        somebody else has it, or nobody
 *   incomplete  the lease holds, but a document is gone from the store, or was written over: publish both again. Readers
 *               were told nothing
 */
export type Renewal = "kept" | "lost" | "incomplete";

/** "This node fails me": evidence from one process, a hint to look and nothing more. */
export interface FailureReport {
  /** By `nodeKey`. */
  readonly node: string;
  /** For people, such as `connection refused`. */
  readonly reason: string;
  /** Which process says so. */
  readonly replica: string;
  /** It has then probed the node on a new connection, and that reached nobody either. */
  readonly probe?: "failed";
}

/** A leader asks other processes whether they reach a node. It names no more than 16. */
export interface PeerProbeRequest {
  /** Chosen by the leader, at most 64 characters; the answers repeat it. */
  readonly id: string;
  /** By `nodeKey`. */
  readonly node: string;
  /** The processes that are to probe it. */
  readonly replicas: readonly string[];
}

/** What one of them saw by one probe on a new connection. */
export interface PeerProbeResult {
  readonly id: string;
  readonly node: string;
  readonly replica: string;
  readonly ok: boolean;
}

/** Stops a subscription. */
export type Unsubscribe = () => void;

/**
 * Where the view lives: what coordinators write and pools read. One process or many see the same through it.
 *
 * Promised: a publication is refused unless its lease is the newest; the head of a view names the documents beside it;
 * listeners are called in the order of publication, and neither document is ever older than before.
 * Not promised: that a listener hears every publication. The newest is all that counts, and `read` gives it. Where the
 * store is another process, a list of nodes may come some time after marks that were published with it.
 *
 * Where the store is another process and does not answer, what returns a promise rejects with `REDIS` within a second
 * or so; nothing is queued for later. Everything else does nothing then. A listener may not throw.
 */
export interface ViewStore {
  /**
   * Takes the lease; undefined where somebody else holds it. The holder gets a new one, and its earlier one is void.
   * Its epoch is above `floorEpoch`: the highest epoch that the caller has seen anywhere. A floor that no clock can have
   * made, a day ahead and more, is taken for a day ahead where epochs are made of time.
   *
   * A lease is worth something only in the store that gave it, and only until `onConnected` is called.
   */
  acquire(leader: string, floorEpoch: number): Promise<Lease | undefined>;
  /** Keeps the lease and says that its holder is alive. Before the lease's first publication it only keeps it. */
  renew(lease: Lease, beat: number): Promise<Renewal>;
  /**
   * Makes documents and head visible, at once and together. False where the lease is lost, also by an attempt to publish
   * something older than what was published under it. Publishing the same versions again changes nothing, and is true.
   *
   * @throws TypeError where the head names a document that was neither brought along nor published under this lease. So
   *   a lease's first publication must bring both
   */
  publish(lease: Lease, publication: Publication): Promise<boolean>;
  /** Gives the lease back. */
  release(lease: Lease): Promise<void>;
  /** The newest view, or undefined where nothing was ever published. */
  read(): Promise<View | undefined>;
  /** Calls `listener` with each newer view, and with each beat. */
  subscribe(listener: (view: View) => void): Unsubscribe;
  /** Tells whoever leads about a failing node. Never fails: a report is only a hint, and one of too many is dropped. */
  report(report: FailureReport): void;
  /** Calls `listener` with each report, for a coordinator to look into. */
  onReport(listener: (report: FailureReport) => void): Unsubscribe;
  /** Asks other processes about a node. Never fails; who is not asked, does not hear of it or is slow says nothing. */
  requestPeerProbes(ask: PeerProbeRequest): void;
  /** Calls `listener` with each question, whoever is asked. */
  onPeerProbeRequest(listener: (ask: PeerProbeRequest) => void): Unsubscribe;
  /** Tells whoever leads what a probe it asked for has shown. Never fails, and may be lost. */
  sendPeerProbeResult(answer: PeerProbeResult): void;
  /** Calls `listener` with each answer, to any leader's question. */
  onPeerProbeResult(listener: (answer: PeerProbeResult) => void): Unsubscribe;
  /** Tells leaders and people how this process is. Never fails; no more than a few in a second are sent. */
  heartbeat(digest: Heartbeat): void;
  /** Calls `listener` with each digest of any process, this one included. */
  onHeartbeat(listener: (digest: Heartbeat) => void): Unsubscribe;
  /** Asks every process for a digest now, this one included. Never fails. */
  requestStatus(): void;
  onStatusRequest(listener: () => void): Unsubscribe;
  /** A lease was given back: whoever wants it may try at once. */
  onReleased(listener: () => void): Unsubscribe;
  /**
   * There is a new connection to the store. What was believed of a lease until then is void: a failover may have brought
   * an old one back. Not called by a store in the same process.
   */
  onConnected(listener: () => void): Unsubscribe;
  /** Whether the store answered last. */
  readonly isConnected: boolean;
  /** The store's own time, in milliseconds: the clock of every time in a view. */
  nowMs(): number;
  /** Closes what it has opened. Always resolves. */
  close(): Promise<void>;
}
