import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { canary, waitUntil } from "@rollcall/testing";
import { addressOf, type FixtureCluster, nodeAt, startFixtureCluster } from "@rollcall/testing/fixture";
import { createPool, type Pool } from "@rollcall/worker";
import { Client } from "es8";
import { onRollcall } from "rollcall/elasticsearch";
import { scroll } from "rollcall/helpers";
import { failureOf, patience, settled } from "./support-requests.js";
import type work from "./tasks/work.js";

const workModule = new URL("./tasks/work.js", import.meta.url);
const hosts = ["127.0.0.1", "127.0.0.2", "127.0.0.3"];
const opening = { method: "POST", path: "/logs/_search", query: { scroll: "1m" }, body: { size: 1 } };
const next = (scrollId: string) => ({ method: "POST", path: "/_search/scroll", body: { scroll_id: scrollId } });

interface Page {
  readonly _scroll_id: string;
}

const users = hosts.map((_, at) => ({ username: `u${at}`, password: canary(`u${at}`) }));

/** A pool with a user of its own for each node. */
async function openPool(cluster: FixtureCluster, threads: number): Promise<Pool> {
  const pool = createPool({ nodes: cluster.urls.map((url, at) => ({ url, auth: users[at] })), logger: false, threads });
  await settled(pool, cluster);
  return pool;
}

describe("searches where each node has a user of its own", patience, () => {
  let cluster: FixtureCluster;
  before(async () => {
    // A client of Elasticsearch is particular about the product.
    cluster = await startFixtureCluster({ hosts, users, kind: "elasticsearch" });
  });
  after(() => cluster.close());

  for (const threads of [0, 2]) {
    it(`go on by requests, streams, tasks, helpers and a client, with ${threads} threads`, async () => {
      await using pool = await openPool(cluster, threads);
      const nodes = new Set<string>();
      await waitUntil("a scroll from each node has gone on", async () => {
        const first = (await pool.request<Page>(opening)).throwIfError();
        const second = (await pool.request<Page>(next(first.json()._scroll_id))).throwIfError();
        const stream = await pool.stream(next(second.json()._scroll_id));
        const third = JSON.parse((await stream.body.toArray()).join("")) as Page;
        // Another thread than this one goes on with it.
        const value = next(third._scroll_id);
        const inTask = await pool.run<typeof work>(workModule, { kind: "search", value });
        const { status, node } = inTask as { readonly status: number; readonly node: string };
        assert.deepEqual([second.node, stream.node, node, status], [...Array(3).fill(first.node), 200]);

        const submitted = await pool.request<{ id: string }>({ method: "POST", path: "/logs/_async_search" });
        const result = await pool.request({ method: "GET", path: `/_async_search/${submitted.json().id}` });
        assert.deepEqual([result.status, result.node], [200, submitted.node]);
        return nodes.add(first.node).size === 3;
      });

      const client = new Client(onRollcall(pool));
      for (let round = 0; round < 4; round++) {
        let pages = 0;
        for await (const _ of scroll(pool, { index: "logs", size: 2 }).pages()) if (++pages === 4) break;
        for await (const _ of client.helpers.scrollSearch({ index: "logs", size: 2 })) if (++pages === 8) break;
        assert.equal(pages, 8);
      }
    });
  }

  it("a scroll that a task has opened goes on in the calling thread and in other tasks", async () => {
    await using pool = await openPool(cluster, 2);
    for (let round = 0; round < 6; round++) {
      const ids = await Promise.all(
        [1, 2].map(async () => {
          const value = opening;
          return (await pool.run<typeof work>(workModule, { kind: "search", value })) as { text: string; node: string };
        }),
      );
      for (const { text, node } of ids) {
        const answer = await pool.request(next((JSON.parse(text) as Page)._scroll_id));
        assert.deepEqual([answer.status, answer.node], [200, node]);
      }
    }
  });

  it("a scroll whose node is gone is an error that says so, and the others go on", async () => {
    await using pool = await openPool(cluster, 2);
    const open = new Map<string, string>();
    await waitUntil("each node has opened a scroll", async () => {
      const answer = await pool.request<Page>(opening);
      return open.set(answer.node, answer.json()._scroll_id).size === 3;
    });
    const lost = nodeAt(cluster, 1);
    await lost.kill();
    for (const [node, scrollId] of open) {
      if (node !== addressOf(lost)) assert.equal((await pool.request(next(scrollId))).node, node);
    }
    const request = { ...next(open.get(addressOf(lost)) ?? ""), retry: false } as const;
    const { code, sent, message } = await failureOf(pool.request(request));
    assert.deepEqual([code, sent], ["CONNECT", "no"]);
    assert.match(message, /^the scroll was opened at 127\.0\.0\.2:\d+ as that node's own user.*open it anew/);
  });
});

it("a scroll goes on at any node where all nodes have one user", async () => {
  const user = { username: "u", password: canary("u") };
  await using cluster = await startFixtureCluster({ nodes: 2, users: [user] });
  await using pool = createPool({ nodes: [...cluster.urls], auth: user, logger: false, threads: 0 });
  await settled(pool, cluster);
  const { _scroll_id: scrollId } = (await pool.request<Page>(opening)).json();
  const answered = new Set<string>();
  await waitUntil("both nodes have gone on with it", async () => {
    answered.add((await pool.request(next(scrollId))).throwIfError().node);
    return answered.size === 2;
  });
});
