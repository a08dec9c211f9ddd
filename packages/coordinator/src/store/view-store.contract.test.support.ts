import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Marks, Topology, Version, View } from "@rollcall/core/view";
import type { FailureReport, Lease, Publication, ViewStore } from "./view-store.js";

export interface OpenStores {
  /** Two ways into the same store, as two processes have them. */
  readonly stores: readonly [ViewStore, ViewStore];
  /** Lets what was written become visible to the other. */
  readonly arrive: () => Promise<void>;
  readonly close: () => Promise<void>;
}

/** What every {@link ViewStore} promises, whatever it is made of. */
export function describeViewStore(name: string, open: () => Promise<OpenStores>): void {
  const withStores = (test: (opened: OpenStores) => Promise<void>) => async () => {
    const opened = await open();
    try {
      await test(opened);
    } finally {
      await opened.close();
    }
  };
  const lead = async (store: ViewStore, leader = "a"): Promise<Lease> => {
    const lease = await store.acquire(leader, 0);
    assert.ok(lease !== undefined);
    return lease;
  };

  describe(`${name}, as a view store`, () => {
    it(
      "has no view until one is published",
      withStores(async ({ stores: [store] }) => {
        assert.equal(await store.read(), undefined);
        assert.equal(await store.renew(await lead(store), 1), "kept");
        assert.equal(await store.read(), undefined);
      }),
    );

    it(
      "shows both documents and the head together, with the time of the store",
      withStores(async ({ stores: [a, b], arrive }) => {
        const lease = await lead(a);
        const beforeMs = a.nowMs();
        assert.equal(await a.publish(lease, publication(lease, 1)), true);
        await arrive();
        const view = await b.read();
        assert.deepEqual(view?.topology, topology(lease, 1));
        assert.deepEqual(view.marks, marks(lease, 1));
        const { atMs, ...head } = view.head;
        assert.deepEqual(head, publication(lease, 1).head);
        assert.ok(atMs >= beforeMs && atMs <= b.nowMs());
      }),
    );

    it(
      "keeps the document that a publication does not bring",
      withStores(async ({ stores: [store], arrive }) => {
        const lease = await lead(store);
        await store.publish(lease, publication(lease, 1));
        const { head } = publication(lease, 1);
        const newMarks = { head: { ...head, marks: version(lease, 2) }, marks: marks(lease, 2) };
        assert.equal(await store.publish(lease, newMarks), true);
        await arrive();
        const view = await store.read();
        assert.deepEqual([view?.topology, view?.marks], [topology(lease, 1), marks(lease, 2)]);
        assert.deepEqual([view?.head.topology, view?.head.marks], [version(lease, 1), version(lease, 2)]);
      }),
    );

    it(
      "refuses a first publication that brings but one document",
      withStores(async ({ stores: [store] }) => {
        const lease = await lead(store);
        const { head, topology } = publication(lease, 1);
        await assert.rejects(async () =>
          store.publish(lease, { head, ...(topology === undefined ? {} : { topology }) }),
        );
        assert.equal(await store.read(), undefined);
      }),
    );

    it(
      "gives the lease to one at a time, and to the next when it is given back",
      withStores(async ({ stores: [a, b] }) => {
        const first = await lead(a, "a");
        assert.equal(await b.acquire("b", 0), undefined);
        await a.release(first);
        const second = await lead(b, "b");
        assert.ok(second.epoch > first.epoch);
        assert.equal(await a.acquire("a", 0), undefined);
      }),
    );

    it(
      "refuses whatever comes with a lease that is not the newest",
      withStores(async ({ stores: [a, b], arrive }) => {
        const old = await lead(a, "a");
        await a.publish(old, publication(old, 1));
        await a.release(old);
        const lease = await lead(b, "b");
        assert.equal(await a.renew(old, 9), "lost");
        assert.equal(await a.publish(old, publication(old, 9)), false);
        await a.release(old);
        assert.equal(await b.publish(lease, publication(lease, 1)), true, "the old holder's release means nothing");
        await arrive();
        assert.equal((await a.read())?.head.topology.leader, "b");
      }),
    );

    it(
      "voids the earlier lease of a leader that takes it again",
      withStores(async ({ stores: [store] }) => {
        const first = await lead(store, "a");
        const second = await lead(store, "a");
        assert.ok(second.epoch > first.epoch);
        assert.deepEqual([await store.renew(first, 1), await store.renew(second, 1)], ["lost", "kept"]);
      }),
    );

    it(
      "tells subscribers of each publication and beat, in order, until they stop",
      withStores(async ({ stores: [a, b], arrive }) => {
        const seen: string[] = [];
        const note = ({ head }: View) => seen.push(`${head.topology.sequence}/${head.beat}`);
        const stop = b.subscribe(note);
        const lease = await lead(a);
        await a.publish(lease, publication(lease, 1));
        await a.publish(lease, publication(lease, 2));
        await a.renew(lease, 1);
        await arrive();
        assert.deepEqual(seen, ["1/0", "2/0", "2/1"]);
        stop();
        await a.publish(lease, publication(lease, 3));
        await arrive();
        assert.equal(seen.length, 3);
      }),
    );

    it(
      "never shows a head before the documents that it names",
      withStores(async ({ stores: [a, b], arrive }) => {
        const torn: View[] = [];
        b.subscribe((view) => {
          const { head, topology, marks } = view;
          if (head.topology.sequence !== topology.version.sequence || head.marks.sequence !== marks.version.sequence) {
            torn.push(view);
          }
        });
        const lease = await lead(a);
        for (let sequence = 1; sequence <= 20; sequence++) await a.publish(lease, publication(lease, sequence));
        await arrive();
        assert.deepEqual(torn, []);
      }),
    );

    it(
      "refreshes the age of the view by a beat",
      withStores(async ({ stores: [store], arrive }) => {
        const lease = await lead(store);
        await store.publish(lease, publication(lease, 1));
        const before = await store.read();
        await arrive();
        await store.renew(lease, 5);
        await arrive();
        const after = await store.read();
        assert.equal(after?.head.beat, 5);
        assert.ok(after.head.atMs >= (before?.head.atMs ?? Number.POSITIVE_INFINITY));
        assert.deepEqual(after.topology, before?.topology);
      }),
    );

    it(
      "carries reports to whoever listens, until they stop",
      withStores(async ({ stores: [a, b], arrive }) => {
        const heard: FailureReport[] = [];
        const stop = b.onReport((report) => heard.push(report));
        a.report({ node: "id@es1:9200", reason: "connection refused", replica: "r1" });
        await arrive();
        assert.deepEqual(heard, [{ node: "id@es1:9200", reason: "connection refused", replica: "r1" }]);
        stop();
        a.report({ node: "id@es1:9200", reason: "connection refused", replica: "r1" });
        await arrive();
        assert.equal(heard.length, 1);
      }),
    );
  });
}

const version = ({ epoch, leader }: Lease, sequence: number): Version => ({ epoch, leader, sequence });

const topology = (lease: Lease, sequence: number): Topology => ({
  version: version(lease, sequence),
  clusterUuid: "u1",
  source: "sniff",
  nodes: [{ id: `id${sequence}`, host: "es1", port: 9200, roles: ["data"] }],
});

const marks = (lease: Lease, sequence: number): Marks => ({
  version: version(lease, sequence),
  nodes: { "id@es1:9200": { kind: "down", sinceMs: sequence, reason: "connection refused" } },
});

const publication = (lease: Lease, sequence: number): Publication => ({
  head: { topology: version(lease, sequence), marks: version(lease, sequence), beat: 0, replicas: 3 },
  topology: topology(lease, sequence),
  marks: marks(lease, sequence),
});
