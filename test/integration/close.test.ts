import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { describe, it } from "node:test";
import { freePort, waitUntil } from "@rollcall/testing";
import { nodeAt, type RequestFault, setAll, startFixtureCluster } from "@rollcall/testing/fixture";
import { own } from "@rollcall/testing/processes";
import { createPool, testedThreads } from "../support/create-pool.js";
import { failureOf, newDocument, patience, requestsSeen, search, withPool } from "./support-requests.js";

const users = { kind: "other" } as const;
const silence: RequestFault = { kind: "silence", on: users };

describe("close()", patience, () => {
  it("close() lets requests in flight and queued ones end, and takes no new ones", async () => {
    const faults = { requests: [{ kind: "delay", ms: 200, on: users }] } as const;
    const options = { cluster: { nodes: 1, faults }, pool: { connections: { perNode: 1 } } };
    await withPool(options, async ({ cluster, pool }) => {
      const calls = [pool.request(search), pool.request(newDocument), pool.request(search)];
      const closed = pool.close();
      for (const late of [pool.request(search), pool.ready()]) {
        const error = await failureOf(late);
        assert.deepEqual([error.code, error.sent], ["CLOSED", "no"]);
      }
      for (const answer of await Promise.all(calls)) assert.ok(answer.ok);
      await closed;
      assert.equal(await requestsSeen(cluster), 3);
      await waitUntil("its sockets are closed", async () => (await cluster.stats()).openConnections === 0);
    });
  });

  it("close() lets a request that is backing off make its retry", async () => {
    const busy: RequestFault = { kind: "reply", status: 503, headers: { "retry-after": "1" }, on: users, times: 1 };
    await withPool({ cluster: { nodes: 1, faults: { requests: [busy] } } }, async ({ pool }) => {
      const call = pool.request(search);
      await waitUntil("it rests", () => pool.stats().retries === 1);
      const closed = pool.close();
      assert.equal((await call).status, 200);
      await closed;
    });
  });

  it("close() ends the other requests at its deadline, each with whether it was sent", async () => {
    await withPool({ cluster: { nodes: 1 }, pool: { connections: { perNode: 2 } } }, async ({ cluster, pool }) => {
      const busy: RequestFault = {
        kind: "reply",
        status: 503,
        headers: { "retry-after": "20" },
        on: { path: "/rest/" },
      };
      await nodeAt(cluster, 0).set({ requests: [busy, silence] });
      const resting = failureOf(pool.request({ ...search, path: "/rest/_search" }));
      await waitUntil("one rests", () => pool.stats().retries === 1);
      const inFlight = [failureOf(pool.request(search)), failureOf(pool.request(newDocument))];
      await waitUntil("two are in flight", async () => (await requestsSeen(cluster)) === 3);
      const queued = [failureOf(pool.request(search)), failureOf(pool.request(newDocument))];
      await waitUntil("two wait", () => pool.stats().queued === 2);

      await pool.close({ timeoutMs: 100 });
      for (const error of [await resting, ...(await Promise.all(inFlight))]) {
        assert.deepEqual([error.code, error.sent, error.attempts.length], ["CLOSED", "maybe", 1]);
      }
      for (const error of await Promise.all(queued)) {
        assert.deepEqual([error.code, error.sent, error.attempts], ["CLOSED", "no", []]);
      }
      const { pending, inFlight: left, queued: waiting } = pool.stats();
      assert.deepEqual([pending, left, waiting], [0, 0, 0]);
      assert.deepEqual(pool.stats().errors, { CLOSED: 5 });
      await waitUntil("its sockets are closed", async () => (await cluster.stats()).openConnections === 0);
      assert.equal(await requestsSeen(cluster), 3);
    });
  });

  it("close() resolves as soon as nothing is in flight, long before its deadline", async () => {
    await withPool({ cluster: { nodes: 1 } }, async ({ pool }) => {
      await pool.request(search);
      const late = new Promise((passed) => setTimeout(passed, 30_000, "late").unref());
      assert.notEqual(await Promise.race([pool.close({ timeoutMs: 60_000 }), late]), "late");
    });
  });

  it("close() resolves although a node is frozen, with requests on it or none", async () => {
    for (const requests of [0, 3]) {
      await withPool({ cluster: { nodes: 2 } }, async ({ cluster, pool }) => {
        await Promise.all(Array.from({ length: 10 }, () => pool.request(search)));
        for (const node of cluster.nodes) node.pause();
        try {
          const calls = Array.from({ length: requests }, () => failureOf(pool.request(search)));
          await pool.close({ timeoutMs: 100 });
          for (const { code, sent } of await Promise.all(calls)) assert.deepEqual([code, sent], ["CLOSED", "maybe"]);
        } finally {
          for (const node of cluster.nodes) node.resume();
        }
      });
    }
  });

  it("close() resolves although connections hang while they are opened", async () => {
    await withPool({ cluster: { nodes: 1, tls: true } }, async ({ cluster, pool }) => {
      await setAll(cluster, { connections: "black-hole" });
      const call = failureOf(pool.request(newDocument));
      const abandoned = failureOf(pool.request({ ...newDocument, timeoutMs: 50 }));
      assert.equal((await abandoned).code, "TIMEOUT");
      await pool.close({ timeoutMs: 100 });
      const error = await call;
      assert.deepEqual([error.code, error.sent], ["CLOSED", "no"]);
      await waitUntil("its sockets are closed", async () => (await cluster.stats()).openConnections === 0);
    });
  });

  it('close() resolves where no node was ever reached, and a request that waited rejects with sent "no"', async () => {
    const pool = createPool({ nodes: [`http://127.0.0.1:${await freePort()}`], logger: false });
    const call = failureOf(pool.request(newDocument));
    const ready = failureOf(pool.ready());
    await waitUntil("it has been refused", () => pool.nodes().some(({ failures }) => failures > 0));
    await pool.close({ timeoutMs: 0 });
    assert.deepEqual([(await call).code, (await call).sent], ["CLOSED", "no"]);
    assert.equal((await ready).code, "CLOSED");
  });

  it("close() may come right after the start, and more than once", async () => {
    await using cluster = await startFixtureCluster({ nodes: 2 });
    for (const turns of [0, 1, 5]) {
      const pool = createPool({ nodes: cluster.urls, logger: false });
      const ready = pool.ready().then(
        () => "ready",
        ({ code }: { readonly code: string }) => code,
      );
      for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate);
      await Promise.all([pool.close(), pool.close(), pool.close({ timeoutMs: 0 })]);
      await pool.close();
      // A few turns may be enough to reach a node.
      assert.ok(["CLOSED", ...(turns === 0 ? [] : ["ready"])].includes(await ready));
      assert.equal((await failureOf(pool.request(search))).code, "CLOSED");
    }
    await waitUntil("no socket is left", async () => (await cluster.stats()).openConnections === 0);
  });

  it("close() ends discovery: the cluster gets no more requests, and the pool emits no more events", async () => {
    await withPool({ cluster: { nodes: 2 } }, async ({ cluster, pool }) => {
      await pool.close();
      const events: unknown[] = [];
      pool.on("node", (event) => events.push(event));
      pool.on("view", (event) => events.push(event));
      const { connections } = await cluster.stats();
      await nodeAt(cluster, 1).kill();
      await new Promise((passed) => setTimeout(passed, 4_000)); // nothing happens
      assert.equal((await cluster.stats()).connections, connections);
      assert.deepEqual(events, []);
      assert.equal(pool.nodes().length, 2, "the last state can still be read");
    });
  });

  it("`await using` closes a pool", async () => {
    await using cluster = await startFixtureCluster({ nodes: 1 });
    let kept: ReturnType<typeof createPool> | undefined;
    {
      await using pool = createPool({ nodes: cluster.urls, logger: false });
      assert.ok((await pool.request(search)).ok);
      kept = pool;
    }
    assert.equal((await failureOf(kept.request(search))).code, "CLOSED");
    await waitUntil("no socket is left", async () => (await cluster.stats()).openConnections === 0);
  });

  it("close() leaves nothing behind, twenty times over", async () => {
    await using cluster = await startFixtureCluster({ nodes: 2 });
    for (let number = 0; number < 20; number++) {
      const pool = createPool({ nodes: cluster.urls, logger: false });
      const answers = await Promise.all(Array.from({ length: 5 }, () => pool.request(search)));
      assert.ok(answers.every(({ ok }) => ok));
      await pool.close();
    }
    await waitUntil("no socket is left", async () => (await cluster.stats()).openConnections === 0);
  });
});

describe("end of the process", patience, () => {
  /**
   * Runs a program in a process of its own, with `pool` and `search` defined. Resolves with its output once it has
   * exited.
   */
  async function run(url: string, program: string, ca?: string): Promise<string> {
    const tls = ca === undefined ? {} : { tls: { ca } };
    const script = `
      import { createPool } from ${JSON.stringify(import.meta.resolve("@rollcall/worker"))};
      const pool = createPool(${JSON.stringify({ nodes: [url], threads: testedThreads, logger: false, ...tls })});
      const search = ${JSON.stringify(search)};
      ${program}`;
    const child = spawn(process.execPath, ["--input-type=module", "--eval", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const printed = text(child.stdout);
    const owned = await own(child);
    let exited = false;
    const gone = owned.gone.finally(() => {
      exited = true;
    });
    try {
      await waitUntil("it has exited by itself", () => exited, { timeoutMs: 30_000 });
    } finally {
      if (!exited) await owned.kill();
    }
    assert.deepEqual(await gone, { code: 0, signal: null });
    return printed;
  }

  /** Standard output and error of the process itself. */
  const nothingOfOurs = /^\[(?:"(?:PipeWrap|TTYWrap|FSReqCallback)",?)*\]\n$/;

  it("a process with a pool has no handle left once it is closed, and exits", async () => {
    await using cluster = await startFixtureCluster({ nodes: 3 });
    const printed = await run(
      nodeAt(cluster, 0).url,
      `await pool.ready();
       for (let round = 0; round < 20; round++) await Promise.all([1, 2, 3].map(() => pool.request(search)));
       await pool.close();
       await new Promise(setImmediate);
       console.log(JSON.stringify(process.getActiveResourcesInfo()));`,
    );
    assert.match(printed, nothingOfOurs);
  });

  it("a process with a pool has no handle left once it is closed although a connection hangs while it is opened", async () => {
    await using cluster = await startFixtureCluster({ nodes: 1, tls: true, faults: { connections: "black-hole" } });
    const printed = await run(
      nodeAt(cluster, 0).url,
      `const call = pool.request(search).catch(() => {});
       await new Promise((opening) => setTimeout(opening, 200));
       await pool.close({ timeoutMs: 0 });
       await call;
       await new Promise(setImmediate);
       console.log(JSON.stringify(process.getActiveResourcesInfo()));`,
      cluster.ca,
    );
    assert.match(printed, nothingOfOurs);
  });

  it("a process that does not close its pool exits once no request is in flight", async () => {
    await using cluster = await startFixtureCluster({ nodes: 3 });
    const printed = await run(
      nodeAt(cluster, 0).url,
      `await pool.ready();
       const answers = await Promise.all([1, 2, 3].map(() => pool.request(search)));
       console.log(answers.every(({ ok }) => ok));`,
    );
    assert.equal(printed, "true\n");
  });

  it("a process with a pool stays for as long as a request is in flight, however long no byte comes", async () => {
    await using cluster = await startFixtureCluster({ nodes: 1 });
    await setAll(cluster, { requests: [{ kind: "delay", ms: 1_500, on: users }] });
    const printed = await run(nodeAt(cluster, 0).url, "console.log((await pool.request(search)).status);");
    assert.equal(printed, "200\n");
  });

  it("a process with a pool stays while a request waits for a node that refuses, and for a retry", async () => {
    const port = await freePort();
    const refused = await run(
      `http://127.0.0.1:${port}`,
      "console.log(await pool.request({ ...search, timeoutMs: 1_500 }).catch(({ code, sent }) => code + sent));",
    );
    assert.match(refused, /^(?:NO_NODE|TIMEOUT)no\n$/);
    await using cluster = await startFixtureCluster({ nodes: 1 });
    const headers = { "retry-after": "1" };
    await setAll(cluster, { requests: [{ kind: "reply", status: 503, headers, on: users, times: 1 }] });
    const printed = await run(nodeAt(cluster, 0).url, "console.log((await pool.request(search)).attempts.length);");
    assert.equal(printed, "2\n");
  });

  it("a process with a pool exits although no node can be reached, if no request waits", async () => {
    assert.equal(await run(`http://127.0.0.1:${await freePort()}`, 'console.log("begun");'), "begun\n");
  });
});
