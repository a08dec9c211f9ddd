import type { Unsubscribe } from "@rollcall/core";
import type {
  FailureReport,
  Head,
  Heartbeat,
  HistoryEntry,
  Marks,
  OperationRequest,
  OperationResult,
  PeerProbeRequest,
  PeerProbeResult,
  Topology,
  View,
} from "@rollcall/core/view";

/** The right to publish, for a limited time. The store checks every write against it. */
export interface Lease {
  /** Unique, and above every epoch that any reader has applied. */
  readonly epoch: number;
  readonly leader: string;
}

/** What a leader publishes: always the head, and each document that is new. */
export interface Publication {
  readonly head: Omit<Head, "atMs">;
  readonly topology?: Topology;
  readonly marks?: Marks;
}

/** What a head, or the heartbeat of a reader, names. */
export type SeenVersions = Pick<Head, "topology" | "marks"> & Partial<Pick<Head, "beat" | "digests">>;

/**
 *   kept        the lease holds, and readers have received the beat
 *   lost        another process holds the lease, or none does
 *   incomplete  the lease holds, but a document is gone from the store or was overwritten: publish both again. Readers
 *               received nothing
 */
export type Renewal = "kept" | "lost" | "incomplete";

/**
 * Where the view lives: leaders write it and all processes read it, whether the store is in this process or in Redis.
 *
 * Promised: a publication is refused unless its lease is the newest; the head of a view names the documents beside it;
 * listeners are called in the order of publication, and neither document is ever replaced by an older one.
 * Not promised: that a listener receives every publication. Only the newest counts, and `read` returns it. In a remote
 * store, a list of nodes may arrive some time after the marks that were published with it.
 *
 * If a remote store does not answer, methods that return a promise reject with `REDIS` within about a second; the
 * others do nothing. Nothing is queued. Messages (reports, probes, heartbeats, status requests, results of operations)
 * never fail and may be lost; each kind is limited to a number per second and process, and the rest is dropped. A listener that throws stops
 * no other.
 */
export interface ViewStore {
  /**
   * Takes the lease; undefined if another leader holds it. The holder itself gets a new one, and its earlier one is
   * void. The epoch is above `floorEpoch`, the highest epoch that the caller has seen. A floor more than a day ahead of
   * the store's clock is not believed, if the store makes epochs from time.
   *
   * A lease is valid only in the store that gave it, and only until `onConnected` gives that no lease stands.
   */
  acquire(leader: string, floorEpoch: number): Promise<Lease | undefined>;
  /** Extends the lease and publishes a beat. Before the lease's first publication it only extends. */
  renew(lease: Lease, beat: number): Promise<Renewal>;
  /**
   * Makes documents and head visible, together. False if the lease is lost, which an attempt to publish something older
   * than what was published under it also causes. Publishing the same versions again changes nothing, and is true.
   *
   * @throws TypeError if the head names a document that is neither in the publication nor published under this lease.
   * So
   *   the first publication of a lease must contain both
   */
  publish(lease: Lease, publication: Publication): Promise<boolean>;
  /**
   * What of these versions readers take for the newest of the lease's epoch although it was not written under the lease,
   * for people: another client of the store has. Undefined where there is nothing of that kind.
   */
  foreignTo(lease: Lease, seen: SeenVersions): string | undefined;
  /** Gives the lease back. */
  release(lease: Lease): Promise<void>;
  /**
   * Adds the last `added` of `entries` to the history of the view. Where the store does not hold what was written under
   * this lease before, as with the first call, it holds `entries` afterwards and nothing else. False if the lease is
   * lost. Entries larger than 8 KB together reach no listener.
   */
  addHistory(lease: Lease, entries: readonly HistoryEntry[], added: number): Promise<boolean>;
  /** The newest 1,000 entries, oldest first; undefined if none was ever written, or if what there is cannot be read. */
  readHistory(): Promise<readonly HistoryEntry[] | undefined>;
  /**
   * Calls `listener` with entries that a leader has added, this process included; and on each new connection to a remote
   * store with all that there are.
   */
  onHistory(listener: (entries: readonly HistoryEntry[]) => void): Unsubscribe;
  /** The newest view, or undefined if none was ever published. */
  read(): Promise<View | undefined>;
  /** Calls `listener` with each newer view, and with each beat. */
  subscribe(listener: (view: View) => void): Unsubscribe;
  /** Sends a failure report to the leader; at most 20 a second. */
  report(report: FailureReport): void;
  /** For the leader. */
  onReport(listener: (report: FailureReport) => void): Unsubscribe;
  /** Asks other processes to probe a node; at most 10 a second. */
  requestPeerProbes(request: PeerProbeRequest): void;
  /** Calls `listener` with each request, also with those that do not name this process. */
  onPeerProbeRequest(listener: (request: PeerProbeRequest) => void): Unsubscribe;
  /** Sends the result of a requested probe to the leader; at most 10 a second. */
  sendPeerProbeResult(result: PeerProbeResult): void;
  /** For the leader: results for any leader's requests. */
  onPeerProbeResult(listener: (result: PeerProbeResult) => void): Unsubscribe;
  /** Publishes this process's heartbeat; at most 5 a second. */
  heartbeat(heartbeat: Heartbeat): void;
  /** Calls `listener` with each heartbeat of every process, this one included. */
  onHeartbeat(listener: (heartbeat: Heartbeat) => void): Unsubscribe;
  /** Whether heartbeats are dropped at present, because more arrive than a fleet sends: silence then means nothing. */
  missesHeartbeats(): boolean;
  /** Asks every process, this one included, for a heartbeat now; at most 5 a second. */
  requestStatus(): void;
  onStatusRequest(listener: () => void): Unsubscribe;
  /**
   * Asks the leader for an operation; at most 5 a second. Resolves once the store has passed it on, whether or not a
   * leader is there: the sender repeats it until the result comes.
   *
   * @throws RollcallError `REDIS` if it cannot be sent, or its result could not be received: then nothing was sent
   */
  sendOperation(request: OperationRequest): Promise<void>;
  /** For the leader. */
  onOperation(listener: (request: OperationRequest) => void): Unsubscribe;
  /** Answers operations; at most 20 a second. */
  sendOperationResult(result: OperationResult): void;
  /** Calls `listener` with the result of each operation, also of those that others have asked for. */
  onOperationResult(listener: (result: OperationResult) => void): Unsubscribe;
  /** A lease was given back: another candidate may take it at once. */
  onReleased(listener: () => void): Unsubscribe;
  /**
   * There is a new connection to the store. Unless `leasesStand`, every lease from before is void, because a failover may
   * have restored an old one. Never called by a store in the same process.
   */
  onConnected(listener: (connected: { readonly leasesStand: boolean }) => void): Unsubscribe;
  /** Whether the store answered last. */
  readonly isConnected: boolean;
  /** The store's own time, in milliseconds: the clock of every time in a view. */
  nowMs(): number;
  /** Closes what it has opened. Always resolves. */
  close(): Promise<void>;
}
