import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type {
  FailureReport,
  Heartbeat,
  HistoryEntry,
  Marks,
  OperationRequest,
  OperationResult,
  PeerProbeRequest,
  PeerProbeResult,
  Topology,
  Version,
  View,
} from "@rollcall/core/view";
import type { Lease, Publication, ViewStore } from "./view-store.js";

export interface OpenStores {
  /** Two ways into the same store, as two processes have them. */
  readonly stores: readonly [ViewStore, ViewStore];
  /** Lets what was written become visible to the other, and what was begun (a subscription) be in force. */
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
      "the store has no view until one is published",
      withStores(async ({ stores: [store] }) => {
        assert.equal(await store.read(), undefined);
        assert.equal(await store.renew(await lead(store), 1), "kept");
        assert.equal(await store.read(), undefined);
      }),
    );

    it(
      "a publication shows both documents and the head together, with the time of the store",
      withStores(async ({ stores: [a, b], arrive }) => {
        const lease = await lead(a);
        const beforeMs = a.nowMs();
        assert.equal(await a.publish(lease, publication(lease, 1)), true);
        await arrive();
        const view = await b.read();
        assert.deepEqual(view?.topology, topology(lease, 1));
        assert.deepEqual(view.marks, marks(lease, 1));
        const { atMs, digests: _digests, ...head } = view.head;
        assert.deepEqual(head, publication(lease, 1).head);
        // Two processes agree on the store's clock to within a message's way.
        assert.ok(atMs >= beforeMs - clockSlackMs && atMs <= b.nowMs() + clockSlackMs);
      }),
    );

    it(
      "a document that a publication does not contain stays",
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
      "one leader at a time holds the lease, and the next gets it once it is given back",
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
      "a view whose leader has given its lease back says so, until the next one publishes",
      withStores(async ({ stores: [a, b], arrive }) => {
        const isReleased = async () => (await b.read())?.head.released;
        const first = await lead(a, "a");
        await a.publish(first, publication(first, 1));
        await arrive();
        assert.equal(await isReleased(), undefined);
        await a.release(first);
        await arrive();
        assert.equal(await isReleased(), true);
        const second = await lead(b, "b");
        await b.renew(second, 1);
        await arrive();
        assert.equal(await isReleased(), true, "it has a leader, but nothing by it");
        await b.publish(second, publication(second, 1));
        await arrive();
        assert.equal(await isReleased(), undefined);
      }),
    );

    it(
      "every write with a lease that is not the newest is refused",
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
      "a leader that takes the lease again loses its earlier one",
      withStores(async ({ stores: [store] }) => {
        const first = await lead(store, "a");
        const second = await lead(store, "a");
        assert.ok(second.epoch > first.epoch);
        assert.deepEqual([await store.renew(first, 1), await store.renew(second, 1)], ["lost", "kept"]);
      }),
    );

    it(
      "a history grows by what each leader adds, every process receives it, and an old lease adds nothing",
      withStores(async ({ stores: [a, b], arrive }) => {
        const received: string[] = [];
        b.onHistory((entries) => received.push(...entries.map(({ text }) => text)));
        await arrive();
        const texts = async () => (await b.readHistory())?.map(({ text }) => text);
        assert.equal(await a.readHistory(), undefined);
        const first = await lead(a, "a");
        const [one, two, three, four] = [
          historyEntry("one"),
          historyEntry("two"),
          historyEntry("thrée"),
          historyEntry("4"),
        ];
        assert.equal(await a.addHistory(first, [one], 1), true);
        assert.equal(await a.addHistory(first, [one, two, three], 2), true);
        await arrive();
        assert.deepEqual(await b.readHistory(), [one, two, three]);
        await a.release(first);
        const second = await lead(b, "b");
        assert.equal(await a.addHistory(first, [one, two, three, four], 1), false);
        assert.equal(await b.addHistory(second, [one, two, three, four], 1), true);
        await arrive();
        assert.deepEqual(await texts(), ["one", "two", "thrée", "4"]);
        assert.deepEqual(received, ["one", "two", "thrée", "4"]);
      }),
    );

    it(
      "a history is bounded: of very many entries the newest are there",
      withStores(async ({ stores: [store], arrive }) => {
        const lease = await lead(store);
        let entries: readonly HistoryEntry[] = [];
        for (let round = 0; round < 30; round++) {
          const news = Array.from({ length: 50 }, (_, at) => historyEntry(`${"x".repeat(390)} ${round * 50 + at}`));
          entries = [...entries, ...news].slice(-1_000);
          assert.equal(await store.addHistory(lease, entries, news.length), true);
        }
        await arrive();
        const kept = await store.readHistory();
        assert.ok(kept !== undefined && kept.length <= 1_000 && kept.length >= 300, `${kept?.length}`);
        assert.deepEqual(kept, entries.slice(-kept.length));
      }),
    );

    it(
      "subscribers receive each publication and beat in order, until they unsubscribe",
      withStores(async ({ stores: [a, b], arrive }) => {
        const seen: string[] = [];
        // A list of nodes may come after its marks: then the older list is shown with the newer marks for a while.
        const note = ({ head }: View) => {
          const now = `${head.topology.sequence}/${head.beat}`;
          if (seen.at(-1) !== now) seen.push(now);
        };
        const stop = b.subscribe(note);
        const lease = await lead(a);
        await a.publish(lease, publication(lease, 1));
        await arrive();
        await a.publish(lease, publication(lease, 2));
        await arrive();
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
      "a view has the documents that its head names, and never an older one than before",
      withStores(async ({ stores: [a, b], arrive }) => {
        const torn: View[] = [];
        b.subscribe((view) => {
          const { head, topology, marks } = view;
          if (head.topology.sequence !== topology.version.sequence || head.marks.sequence !== marks.version.sequence) {
            torn.push(view);
          }
        });
        const order: number[] = [];
        b.subscribe(({ marks }) => order.push(marks.version.sequence));
        const lease = await lead(a);
        for (let sequence = 1; sequence <= 20; sequence++) await a.publish(lease, publication(lease, sequence));
        await arrive();
        assert.deepEqual(torn, []);
        assert.equal(order.at(-1), 20);
        assert.deepEqual(
          order,
          [...order].sort((one, other) => one - other),
          "never an older one",
        );
      }),
    );

    it(
      "a beat renews the time of the view",
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
      "a failure report reaches the listeners, until they unsubscribe",
      withStores(async ({ stores: [a, b], arrive }) => {
        const received: FailureReport[] = [];
        const stop = b.onReport((report) => received.push(report));
        await arrive();
        a.report({ node: "id@es1:9200", reason: "connection refused", replica: "r1" });
        await arrive();
        assert.deepEqual(received, [{ node: "id@es1:9200", reason: "connection refused", replica: "r1" }]);
        a.report({ node: "id@es1:9200", reason: "connection refused", replica: "r1", probe: "failed" });
        await arrive();
        assert.equal(received[1]?.probe, "failed");
        stop();
        a.report({ node: "id@es1:9200", reason: "connection refused", replica: "r1" });
        await arrive();
        assert.equal(received.length, 2);
      }),
    );

    it(
      "peer probe requests and results reach the listeners, until they unsubscribe",
      withStores(async ({ stores: [a, b], arrive }) => {
        const asked: PeerProbeRequest[] = [];
        const answered: PeerProbeResult[] = [];
        const stops = [
          b.onPeerProbeRequest((ask) => asked.push(ask)),
          a.onPeerProbeResult((answer) => answered.push(answer)),
        ];
        await arrive();
        const about = { id: "7.3", node: "id@es1:9200" };
        a.requestPeerProbes({ ...about, replicas: ["r1", "r2"] });
        await arrive();
        assert.deepEqual(asked, [{ ...about, replicas: ["r1", "r2"] }]);
        b.sendPeerProbeResult({ ...about, replica: "r2", ok: false });
        await arrive();
        assert.deepEqual(answered, [{ ...about, replica: "r2", ok: false }]);
        for (const stop of stops) stop();
        a.requestPeerProbes({ ...about, replicas: ["r1"] });
        b.sendPeerProbeResult({ ...about, replica: "r1", ok: true });
        await arrive();
        assert.deepEqual([asked.length, answered.length], [1, 1]);
      }),
    );

    it(
      "operations and their results reach the listeners, until they unsubscribe",
      withStores(async ({ stores: [a, b], arrive }) => {
        const asked: OperationRequest[] = [];
        const answered: OperationResult[] = [];
        const stops = [
          b.onOperation((request) => asked.push(request)),
          a.onOperationResult((result) => answered.push(result)),
        ];
        await arrive();
        const origin = { id: "o1", by: "ops@host", reason: "restart", atMs: 7 };
        const drain = { ...origin, kind: "drain", node: "es1", forMs: 60_000, force: false } as const;
        await a.sendOperation(drain);
        await arrive();
        assert.deepEqual(asked, [drain]);
        const result = {
          id: "o1",
          outcome: "done",
          text: "it is drained",
          node: "id@es1:9200",
          untilMs: 60_007,
        } as const;
        b.sendOperationResult(result);
        await arrive();
        assert.deepEqual(answered, [result]);
        for (const stop of stops) stop();
        await a.sendOperation(drain);
        b.sendOperationResult(result);
        await arrive();
        assert.deepEqual([asked.length, answered.length], [1, 1]);
      }),
    );

    it(
      "what operators have asked for is a part of the marks",
      withStores(async ({ stores: [a, b], arrive }) => {
        const lease = await lead(a);
        const timed = { sinceMs: 1, untilMs: 2, by: "ops@host", reason: "" };
        const drains = [{ ...timed, id: "id", address: "es1:9200", name: "es1" }];
        const first = publication(lease, 1);
        const inForce = { ...marks(lease, 1), drains, pause: timed };
        await a.publish(lease, { ...first, marks: inForce });
        await arrive();
        assert.deepEqual((await b.read())?.marks, inForce);
      }),
    );

    it(
      "an epoch is above the floor and above every epoch given before",
      withStores(async ({ stores: [store] }) => {
        const first = await lead(store);
        const floor = first.epoch + 5_000_000;
        const second = await store.acquire("a", floor);
        assert.ok(second !== undefined && second.epoch > floor);
        const third = await store.acquire("a", 0);
        assert.ok(third !== undefined && third.epoch > second.epoch, "an epoch is never below one that was given out");
      }),
    );

    it(
      "publishing the same versions again changes nothing, and older versions are refused",
      withStores(async ({ stores: [a, b], arrive }) => {
        const lease = await lead(a);
        assert.equal(await a.publish(lease, publication(lease, 1)), true);
        assert.equal(await a.publish(lease, publication(lease, 2)), true);
        await arrive();
        const before = await b.read();
        assert.equal(await a.publish(lease, publication(lease, 2)), true);
        await arrive();
        assert.deepEqual(await b.read(), before);
        assert.equal(await a.publish(lease, publication(lease, 1)), false);
        await arrive();
        assert.deepEqual(await b.read(), before);
        assert.equal(await a.renew(lease, 1), "lost", "an older publication is a defect of the leader");
      }),
    );

    it(
      "a renewal before the first publication of a lease does not reach readers",
      withStores(async ({ stores: [a, b], arrive }) => {
        const first = await lead(a, "a");
        await a.publish(first, publication(first, 1));
        await a.release(first);
        const second = await lead(b, "b");
        await arrive();
        const before = await b.read();
        assert.equal(await b.renew(second, 7), "kept");
        await arrive();
        assert.deepEqual(await a.read(), before);
      }),
    );

    for (const leftOut of ["topology", "marks"] as const) {
      it(
        `the first publication of a lease that leaves out the ${leftOut} is refused`,
        withStores(async ({ stores: [a, b], arrive }) => {
          const halfOf = (lease: Lease): Publication => {
            const { [leftOut]: _, ...rest } = publication(lease, 1);
            return rest;
          };
          const first = await lead(a, "a");
          await assert.rejects(a.publish(first, halfOf(first)), TypeError);
          assert.equal(await a.publish(first, publication(first, 1)), true);
          const again = await lead(a, "a");
          await assert.rejects(a.publish(again, halfOf(again)), TypeError);
          await a.release(again);
          const second = await lead(b, "b");
          await assert.rejects(b.publish(second, halfOf(second)), TypeError);
          assert.equal(await b.publish(second, publication(second, 1)), true);
          await arrive();
          assert.equal((await a.read())?.head.topology.leader, "b");
        }),
      );
    }

    it(
      "a head that names a document that was not published is refused",
      withStores(async ({ stores: [store] }) => {
        const lease = await lead(store);
        await store.publish(lease, publication(lease, 1));
        const { head, marks } = publication(lease, 2);
        await assert.rejects(store.publish(lease, { head, ...(marks === undefined ? {} : { marks }) }), TypeError);
        assert.equal((await store.read())?.head.marks.sequence, 1);
      }),
    );

    it(
      "a release of the held lease is announced, and no other",
      withStores(async ({ stores: [a, b], arrive }) => {
        let released = 0;
        const stop = b.onReleased(() => released++);
        const first = await lead(a);
        await arrive();
        assert.equal(released, 0);
        await a.release(first);
        await arrive();
        assert.equal(released, 1);
        await a.release(first);
        await arrive();
        assert.equal(released, 1, "one that is not held is not given back");
        stop();
        await a.release(await lead(a));
        await arrive();
        assert.equal(released, 1);
      }),
    );

    it(
      "a heartbeat reaches the listeners of every process, its sender included, until they unsubscribe",
      withStores(async ({ stores: [a, b], arrive }) => {
        const received: Heartbeat[] = [];
        const stops = [a, b].map((store) => store.onHeartbeat((each) => received.push(each)));
        await arrive();
        a.heartbeat(heartbeat);
        await arrive();
        assert.deepEqual(received, [heartbeat, heartbeat]);
        for (const stop of stops) stop();
        a.heartbeat(heartbeat);
        await arrive();
        assert.equal(received.length, 2);
      }),
    );

    it(
      "a status request reaches every process",
      withStores(async ({ stores: [a, b], arrive }) => {
        const called: string[] = [];
        const stop = a.onStatusRequest(() => called.push("a"));
        b.onStatusRequest(() => called.push("b"));
        await arrive();
        a.requestStatus();
        await arrive();
        assert.deepEqual(called.sort(), ["a", "b"]);
        stop();
        b.requestStatus();
        await arrive();
        assert.deepEqual(called.sort(), ["a", "b", "b"]);
      }),
    );
  });
}

const clockSlackMs = 5_000;

const heartbeat: Heartbeat = {
  replica: "r1",
  host: "app-1",
  pid: 4711,
  role: "candidate",
  leading: true,
  freshness: "fresh",
  view: {
    topology: { epoch: 1, leader: "a", sequence: 2 },
    marks: { epoch: 1, leader: "a", sequence: 3 },
  },
  ejected: ["id1@es1:9200"],
  refutes: ["id2@es2:9200"],
  answeredMsAgo: 12,
  threads: [{ thread: 0, topology: { epoch: 1, leader: "a", sequence: 2 }, calls: 3, tasks: 0, state: "well" }],
};

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

/** A lease's `sequence`th state of a view. */
export const publication = (lease: Lease, sequence: number): Publication => ({
  head: { topology: version(lease, sequence), marks: version(lease, sequence), beat: 0, replicas: 3 },
  topology: topology(lease, sequence),
  marks: marks(lease, sequence),
});

const historyEntry = (text: string): HistoryEntry => ({
  ...{ atMs: 1_700_000_000_000, event: "node.down", text, by: "a" },
  node: { key: "n1@es1:9200", address: "es1:9200" },
});
