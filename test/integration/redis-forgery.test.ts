import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import { startCoordinator } from "@rollcall/coordinator";
import { decodeHead, type Head, redisKeys, type View } from "@rollcall/core/view";
import { collectingLogger, freePort, waitUntil } from "@rollcall/testing";
import type { RedisServer } from "@rollcall/testing/redis";
import { lead, publication, waitForView, withRedis } from "./support-redis.js";

const keys = redisKeys("logs");
const hourMs = 3_600_000;

async function headIn({ client }: RedisServer): Promise<Head> {
  const read = decodeHead((await client.getBuffer(keys.head)) ?? Buffer.from(""));
  assert.ok("value" in read);
  return read.value;
}

/** What another client publishes, or writes, in place of what the leader did. */
const forgeries: Readonly<Record<string, (server: RedisServer, head: Head) => Promise<unknown>>> = {
  "marks that the leader has not reached yet": ({ client }, head) => {
    const marks = { ...head.marks, sequence: head.marks.sequence + 1_000 };
    return client.publish(keys.events, headEvent({ ...head, marks }, { version: marks, nodes: {} }));
  },
  "a beat that it will reach in years": ({ client }, head) => {
    return client.publish(keys.events, headEvent({ ...head, beat: 900_000_000 }));
  },
  "a whole view of hosts that are not there, by another leader, 23 hours ahead": async ({ client }, head) => {
    const version = { epoch: head.topology.epoch + 23 * hourMs * 1_000, leader: "z", sequence: 1 };
    const nodes = [1, 2, 3].map((id) => ({ id: `x${id}`, host: "127.0.0.9", port: id }));
    const topology = { version, clusterUuid: "another", source: "sniff", nodes };
    const { digests: _digests, ...plain } = head;
    const forged = { ...plain, topology: version, marks: version, beat: 1 };
    await client.set(keys.topology, gzipSync(JSON.stringify(topology)));
    await client.set(keys.marks, JSON.stringify({ version, nodes: {} }));
    await client.set(keys.head, JSON.stringify({ format: 1, ...forged }));
    return client.publish(keys.events, headEvent(forged));
  },
};

function headEvent(head: Head, marks?: object): string {
  const { digests: _digests, ...plain } = head;
  return JSON.stringify({ kind: "head", head: { format: 1, ...plain }, marks });
}

describe("a view that another client has forged", () => {
  it(
    "is replaced by the leader's own, under a higher epoch, and one log line says what was found",
    withRedis({}, async ({ server, connect }) => {
      const reader = await connect({ mayLead: false });
      const logger = collectingLogger();
      const nodes = [`http://127.0.0.1:${await freePort()}`];
      await using _leader = startCoordinator({ nodes, redis: server.url, name: "logs", logger });
      const newest = () => reader.views.at(-1);
      const endings = () => logger.lines.filter((line) => line.includes("no longer leads the view logs: "));
      await waitUntil("there is a view", () => newest() !== undefined);
      for (const [what, forge] of Object.entries(forgeries)) {
        const { topology } = newest() as View;
        const ended = endings().length;
        await forge(server, await headIn(server));
        await waitUntil(`the leader's own view is back after ${what}`, () => {
          const { head, topology: read } = newest() as View;
          return read.version.epoch > topology.version.epoch && head.topology.leader === topology.version.leader;
        });
        assert.deepEqual(newest()?.topology.nodes, topology.nodes);
        const lines = endings().slice(ended);
        assert.equal(lines.length, 1, what);
        assert.match(lines[0] ?? "", /readers have (marks|beat) \d+ |epoch \d+ was seen, above its own/);
      }
    }),
  );

  it(
    "is told from the leader's own by numbers and digests, and what is the leader's own never is",
    withRedis({}, async ({ connect }) => {
      const one = await connect();
      const lease = await lead(one);
      await one.store.publish(lease, publication(lease, 2));
      await waitForView(one, lease, 2);
      await one.store.renew(lease, 3);
      await waitUntil("the beat is back", () => one.views.at(-1)?.head.beat === 3);
      const own = one.views.at(-1)?.head;
      assert.ok(own?.digests !== undefined);
      for (const view of one.views) assert.equal(one.store.foreignTo(lease, view.head), undefined);
      const above = { ...own.marks, sequence: own.marks.sequence + 1 };
      for (const [forged, found] of [
        [{ ...own, marks: above }, /^readers have marks 3 of "a" under its epoch, and its own are 2$/],
        [{ ...own, topology: { ...own.topology, leader: "b" } }, /^readers have topology 2 of "b" under its epoch/],
        [{ ...own, beat: 4 }, /^readers have beat 4 under its epoch, and its own is 3$/],
        [{ ...own, digests: { ...own.digests, marks: "x" } }, /^readers have other marks 2 under its epoch/],
      ] as const) {
        assert.match(one.store.foreignTo(lease, forged) ?? "nothing", found);
      }
      const ofAnother = { ...above, epoch: lease.epoch - 1 };
      assert.equal(one.store.foreignTo(lease, { topology: ofAnother, marks: ofAnother, beat: 99 }), undefined);
    }),
  );

  it(
    "is not read where a document has another digest than the head names, and its leader writes it again",
    withRedis({}, async ({ server, connect }) => {
      const one = await connect();
      const lease = await lead(one);
      await one.store.publish(lease, publication(lease, 1));
      const written = (await server.client.get(keys.marks)) ?? "";
      assert.match(written, /refused/);
      // As long as before, and as good by itself.
      await server.client.set(keys.marks, written.replace("refused", "mislaid"));
      const reader = await connect({ mayLead: false });
      assert.equal(await reader.store.read(), undefined);
      assert.equal(await one.store.renew(lease, 1), "incomplete");
    }),
  );
});
