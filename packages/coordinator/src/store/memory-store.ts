import type { Clock } from "@rollcall/core";
import type { Digest, View } from "@rollcall/core/view";
import { Listeners } from "./listeners.js";
import type { FailureReport, Lease, ViewStore } from "./view-store.js";

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
  const digests = new Listeners<Digest>();
  const rollCalls = new Listeners<void>();
  const releases = new Listeners<void>();
  let holder: Lease | undefined;
  let epoch = initial === undefined ? 0 : Math.max(initial.topology.version.epoch, initial.marks.version.epoch);
  /** Whose publications `view` is of; 0 where no lease of this store has published. */
  let publishedEpoch = 0;
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
      return holder;
    },

    async renew(lease, beat) {
      if (!holds(lease)) return "lost";
      if (view !== undefined && publishedEpoch === lease.epoch) {
        show({ ...view, head: { ...view.head, beat, atMs: clock.nowMs() } });
      }
      return "kept";
    },

    async publish(lease, { head, topology = view?.topology, marks = view?.marks }) {
      if (!holds(lease)) return false;
      if (topology?.version.epoch !== lease.epoch || marks?.version.epoch !== lease.epoch) {
        throw new TypeError("a lease's first publication must bring both documents");
      }
      publishedEpoch = lease.epoch;
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
    digest: (digest) => digests.tell(digest),
    onDigest: (listener) => digests.add(listener),
    callRoll: () => rollCalls.tell(),
    onRollCall: (listener) => rollCalls.add(listener),
    onReleased: (listener) => releases.add(listener),
    onConnected: () => () => {},
    nowMs: () => clock.nowMs(),
    close: async () => {},
  };
}
