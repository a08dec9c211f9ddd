import type { Clock } from "@rollcall/core";
import { compareVersions, type Head, type Heartbeat, type View } from "@rollcall/core/view";
import { checkPublication } from "./check-publication.js";
import { Listeners } from "./listeners.js";
import type { FailureReport, Lease, PeerProbeRequest, PeerProbeResult, ViewStore } from "./view-store.js";

/**
 * The view inside one process: the embedded default. The same rules as between processes, without the network; only that
 * a lease does not end by itself, as there is nobody whose death would have to end it.
 *
 * With `initial` it begins as if that had been published to it: every lease comes after it. Its times must be on `clock`,
 * so a view of another store asks for the clock of that store.
 */
export function createMemoryStore(clock: Clock, initial?: View): ViewStore {
  const readers = new Listeners<View>();
  const reports = new Listeners<FailureReport>();
  const asks = new Listeners<PeerProbeRequest>();
  const answers = new Listeners<PeerProbeResult>();
  const digests = new Listeners<Heartbeat>();
  const rollCalls = new Listeners<void>();
  const releases = new Listeners<void>();
  let holder: Lease | undefined;
  let epoch = initial === undefined ? 0 : Math.max(initial.topology.version.epoch, initial.marks.version.epoch);
  /** What the holder has published under its lease. */
  let published: Omit<Head, "atMs"> | undefined;
  let view = initial;

  const holds = (lease: Lease) => holder?.epoch === lease.epoch && holder.leader === lease.leader;
  const show = (next: View) => {
    view = next;
    readers.tell(next);
  };

  return {
    isConnected: true,

    async acquire(leader, floorEpoch) {
      if (holder !== undefined && holder.leader !== leader) return undefined;
      epoch = Math.max(epoch, floorEpoch) + 1;
      holder = { epoch, leader };
      published = undefined;
      return holder;
    },

    async renew(lease, beat) {
      if (!holds(lease)) return "lost";
      if (view !== undefined && published !== undefined) {
        show({ ...view, head: { ...view.head, beat, atMs: clock.nowMs() } });
      }
      return "kept";
    },

    async publish(lease, publication) {
      if (!holds(lease)) return false;
      checkPublication(lease, publication, published);
      const { head, topology = view?.topology, marks = view?.marks } = publication;
      if (topology === undefined || marks === undefined) return false;
      const newer = published === undefined ? 1 : compareHeads(head, published);
      if (newer < 0) {
        holder = undefined;
        return false;
      }
      if (newer === 0) return true;
      published = head;
      show({ topology, marks, head: { ...head, atMs: clock.nowMs() } });
      return true;
    },

    async release(lease) {
      if (!holds(lease)) return;
      holder = undefined;
      releases.tell();
    },

    read: async () => view,
    subscribe: (listener) => readers.add(listener),
    report: (report) => reports.tell(report),
    onReport: (listener) => reports.add(listener),
    requestPeerProbes: (ask) => asks.tell(ask),
    onPeerProbeRequest: (listener) => asks.add(listener),
    sendPeerProbeResult: (answer) => answers.tell(answer),
    onPeerProbeResult: (listener) => answers.add(listener),
    heartbeat: (digest) => digests.tell(digest),
    onHeartbeat: (listener) => digests.add(listener),
    requestStatus: () => rollCalls.tell(),
    onStatusRequest: (listener) => rollCalls.add(listener),
    onReleased: (listener) => releases.add(listener),
    onConnected: () => () => {},
    nowMs: () => clock.nowMs(),
    close: async () => {},
  };
}

/** Less than 0 where either document is older; 0 where both are the same. */
function compareHeads(a: Pick<Head, "topology" | "marks">, b: Pick<Head, "topology" | "marks">): number {
  const topology = compareVersions(a.topology, b.topology);
  const marks = compareVersions(a.marks, b.marks);
  return Math.min(topology, marks) < 0 ? -1 : Math.max(topology, marks);
}
