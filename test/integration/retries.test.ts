import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { waitUntil } from "@rollcall/testing";
import { addressOf, nodeAt, type RequestFault, setAll, startFixtureCluster } from "@rollcall/testing/fixture";
import type { PoolEvents, PoolRequest, RollcallErrorCode } from "@rollcall/worker";
import { isComparison, isWell } from "../support/node-health.js";
import {
  failureOf,
  newDocument,
  patience,
  requestsSeen,
  sameDocument,
  search,
  statusOf,
  usePool,
  withPool,
} from "./support-requests.js";

const users = { kind: "other" } as const;
const document = { level: "info" };
/** The request has been carried out, and the answer is lost. */
const lostAnswer: RequestFault = { kind: "reset", when: "after-commit", on: users };
const busy = (status: number, headers: Record<string, string> = {}): RequestFault => ({
  kind: "reply",
  status,
  headers,
  on: users,
});
const codesOf = ({ attempts }: { attempts: readonly { code: string }[] }) => attempts.map(({ code }) => code);

const oneOfEachClass: Record<string, PoolRequest> = {
  Read: search,
  Repeatable: sameDocument,
  Never: newDocument,
};

describe("writes of class Never", patience, () => {
  const writes: Record<string, PoolRequest> = {
    "a document without id": newDocument,
    "a bulk request": { method: "POST", path: "/logs/_bulk", ndjson: [{ index: {} }, document] },
    "the creation of a document": { method: "PUT", path: "/logs/_create/1", body: document },
    "an update": { method: "POST", path: "/logs/_update/1", body: { doc: document } },
    "the deletion of a document": { method: "DELETE", path: "/logs/_doc/1" },
    "whatever the caller says is one": { ...sameDocument, class: "never" },
  };
  for (const [name, request] of Object.entries(writes)) {
    it(`a write that must not be repeated is sent once although the answer was lost, on a new connection or a kept one: ${name}`, async () => {
      await withPool({ cluster: { nodes: 2 } }, async ({ cluster, pool }) => {
        for (const connection of ["fresh", "kept"] as const) {
          if (connection === "kept") {
            await setAll(cluster, {});
            await Promise.all(Array.from({ length: 20 }, () => pool.request(search)));
          }
          await setAll(cluster, { requests: [{ ...lostAnswer, on: { ...users, connection } }] });
          const { commits } = await cluster.stats();
          const seen = await requestsSeen(cluster);
          const error = await failureOf(pool.request(request));
          assert.deepEqual([error.code, error.sent, error.attempts.length], ["DISCONNECTED", "maybe", 1]);
          assert.equal((await cluster.stats()).commits - commits, 1);
          assert.equal((await requestsSeen(cluster)) - seen, 1);
        }
      });
    });
  }

  it("a write that must not be repeated is not repeated after 429, 502, 503 or 504 either: the answer is the caller's", async () => {
    await withPool({ cluster: { nodes: 2 } }, async ({ cluster, pool }) => {
      for (const status of [429, 502, 503, 504]) {
        await setAll(cluster, { requests: [busy(status)] });
        const answer = await pool.request(newDocument);
        assert.deepEqual([answer.status, codesOf(answer)], [status, [`${status}`]]);
      }
      assert.equal((await cluster.stats()).commits, 0);
    });
  });

  it("a write that must not be repeated is tried elsewhere where the connection was never made, and done once", async () => {
    await withPool({}, async ({ cluster, pool }) => {
      await nodeAt(cluster, 1).kill();
      const calls = 100;
      let attempts = 0;
      const slot = async () => {
        for (let number = 0; number < calls / 4; number++) {
          const answer = await pool.request(newDocument);
          assert.equal(answer.status, 201);
          attempts += answer.attempts.length;
        }
      };
      await Promise.all([slot(), slot(), slot(), slot()]);
      assert.ok(attempts > calls, "some of them met the dead node first");
      const { commits, documents } = await cluster.stats();
      assert.equal(commits, calls);
      assert.equal(documents.size, calls);
    });
  });
});

describe("writes of class Repeatable", patience, () => {
  it("a write that may be repeated is repeated until it has an answer, and leaves one document", async () => {
    await withPool({}, async ({ cluster, pool }) => {
      await setAll(cluster, { requests: [{ ...lostAnswer, times: 1 }] });
      const answer = await pool.request(sameDocument);
      assert.equal(answer.status, 201);
      assert.equal(answer.attempts.length, 4);
      assert.deepEqual([...(await cluster.stats()).documents], [["logs/7", 4]]);
    });
  });

  it("a write that may be repeated goes to other nodes first", async () => {
    await withPool({}, async ({ cluster, pool }) => {
      for (let round = 0; round < 5; round++) {
        await setAll(cluster, { requests: [{ ...busy(503), times: 1 }] });
        const { attempts } = await pool.request(sameDocument);
        assert.equal(new Set(attempts.slice(0, 3).map(({ node }) => node)).size, 3);
      }
    });
  });
});

describe("reads", patience, () => {
  it("a read whose connection is reset goes to another node", async () => {
    await withPool({}, async ({ cluster, pool }) => {
      const bad = nodeAt(cluster, 1);
      await bad.set({ requests: [{ kind: "reset", on: users }] });
      let moved = 0;
      for (let number = 0; number < 40; number++) {
        const answer = await pool.request(search);
        assert.ok(answer.ok);
        assert.notEqual(answer.node, addressOf(bad));
        if (answer.attempts.length === 1) continue;
        moved++;
        assert.deepEqual(
          answer.attempts.map(({ node }) => node === addressOf(bad)),
          [true, false],
        );
      }
      assert.ok(moved > 0);
    });
  });

  it("a read keeps its place when a node dies, although the queue is full meanwhile", async () => {
    const options = { connections: { perNode: 2 }, queue: { perThread: 4 } };
    await withPool({ cluster: { nodes: 2 }, pool: options }, async ({ cluster, pool }) => {
      await setAll(cluster, { requests: [{ kind: "delay", ms: 500, on: users }] });
      const calls = Array.from({ length: 8 }, () => pool.request(search));
      await waitUntil("four wait", () => pool.stats().inFlight === 4 && pool.stats().queued === 4);
      await waitUntil("the nodes have what they can take", async () => (await requestsSeen(cluster)) === 4);
      await nodeAt(cluster, 0).kill();
      for (const answer of await Promise.all(calls)) assert.ok(answer.ok);
    });
  });

  it("a read on a kept connection that the node closes meanwhile never fails, and no node is blamed", async () => {
    await withPool({}, async ({ cluster, pool }) => {
      const events: PoolEvents["node"][0][] = [];
      pool.on("node", (event) => isComparison(event) || events.push(event));
      await setAll(cluster, { idleCloseMs: 20 });
      for (let round = 0; round < 40; round++) {
        const answers = await Promise.all(Array.from({ length: 12 }, () => pool.request(search)));
        assert.ok(answers.every(({ ok }) => ok));
        await sleep(18 + (round % 8)); // about when they close
      }
      assert.deepEqual(events, []);
      assert.ok(pool.nodes().every(({ state }) => isWell(state)));
    });
  });

  it("a read that finds every kept connection broken ends on a new one, and no node is blamed", async () => {
    await withPool({ pool: { connections: { perNode: 1 } } }, async ({ cluster, pool }) => {
      const events: PoolEvents["node"][0][] = [];
      pool.on("node", (event) => isComparison(event) || events.push(event));
      for (const how of ["fin", "rst"] as const) {
        for (let round = 0; round < 5; round++) {
          await setAll(cluster, {});
          await Promise.all(Array.from({ length: 6 }, () => pool.request(search)));
          await setAll(cluster, { requests: [{ kind: "reset", with: how, on: { ...users, connection: "kept" } }] });
          const answer = await pool.request(search);
          assert.ok(answer.ok && answer.attempts.length > 1);
        }
      }
      assert.deepEqual(events, []);
    });
  });

  it("a read that is lost on a kept connection has all others replaced, and the node is not blamed", async () => {
    await withPool({ cluster: { nodes: 1 }, pool: { connections: { perNode: 8 } } }, async ({ cluster, pool }) => {
      const node = nodeAt(cluster, 0);
      await node.set({ requests: [{ kind: "delay", ms: 200, on: users }] });
      await Promise.all(Array.from({ length: 4 }, () => pool.request(search)));
      await node.set({ requests: [{ kind: "reset", on: { ...users, connection: "kept" } }] });
      const lost = await failureOf(pool.request(newDocument));
      assert.deepEqual([lost.code, lost.sent], ["DISCONNECTED", "maybe"]);
      for (const { status } of await Promise.all(Array.from({ length: 3 }, () => pool.request(newDocument)))) {
        assert.equal(status, 201);
      }
      assert.deepEqual([statusOf(pool, node).failures, statusOf(pool, node).state], [1, "healthy"]);
    });
  });

  it("a read that gets half an answer, or none that is HTTP, is sent again", async () => {
    await withPool({ cluster: { nodes: 1 } }, async ({ cluster, pool }) => {
      for (const kind of ["cut-body", "garbage"] as const) {
        await setAll(cluster, { requests: [{ kind, on: users, times: 1 }] });
        const answer = await pool.request<{ took: number }>(search);
        assert.deepEqual([answer.json().took, answer.attempts.length], [2, 2], kind);
      }
    });
  });
});

describe("no answer", patience, () => {
  const faults: Record<string, { readonly fault: RequestFault; readonly code: RollcallErrorCode }> = {
    "a body cut short": { fault: { kind: "cut-body", on: users }, code: "DISCONNECTED" },
    "headers, then silence": { fault: { kind: "headers-only", on: users }, code: "TIMEOUT" },
    silence: { fault: { kind: "silence", on: users }, code: "TIMEOUT" },
    "bytes that are not HTTP": { fault: { kind: "garbage", on: users }, code: "BAD_RESPONSE" },
    "a closed connection": { fault: { kind: "reset", with: "fin", on: users }, code: "DISCONNECTED" },
    "a reset connection": { fault: { kind: "reset", on: users }, code: "DISCONNECTED" },
  };
  for (const [name, { fault, code }] of Object.entries(faults)) {
    it(`an answer that never is one has its own code and sent "maybe": ${name}`, async () => {
      await withPool({ cluster: { nodes: 2, faults: { requests: [fault] } } }, async ({ pool }) => {
        const write = await failureOf(pool.request({ ...newDocument, timeoutMs: 1_000 }));
        assert.deepEqual([write.code, write.sent, write.attempts.length], [code, "maybe", 1]);
        const read = await failureOf(pool.request({ ...search, timeoutMs: code === "TIMEOUT" ? 1_000 : 30_000 }));
        assert.deepEqual([read.code, read.sent], [code, "maybe"]);
        assert.ok(read.attempts.length <= 5);
      });
    });
  }
});

describe("busy node", patience, () => {
  for (const status of [429, 503]) {
    it(`a busy node is asked again after the time in its Retry-After (${status})`, async () => {
      await withPool({ cluster: { nodes: 1 } }, async ({ cluster, pool }) => {
        for (const request of [search, sameDocument]) {
          await setAll(cluster, { requests: [{ ...busy(status, { "retry-after": "1" }), times: 1 }] });
          const startedAtMs = performance.now();
          const answer = await pool.request(request);
          assert.deepEqual(codesOf(answer), [`${status}`, request === search ? "200" : "201"]);
          assert.ok(performance.now() - startedAtMs >= 990);
        }
      });
    });

    it(`the answer of a busy node is returned where Retry-After exceeds the timeout (${status})`, async () => {
      await withPool({ cluster: { nodes: 1 } }, async ({ cluster, pool }) => {
        await setAll(cluster, { requests: [busy(status, { "retry-after": "120" })] });
        const answer = await pool.request({ ...search, timeoutMs: 60_000 });
        assert.deepEqual([answer.status, codesOf(answer)], [status, [`${status}`]]);
      });
    });
  }

  it("a request to a busy node is retried at another one", async () => {
    await withPool({}, async ({ cluster, pool }) => {
      for (const status of [429, 502, 503, 504]) {
        await nodeAt(cluster, 0).set({ requests: [busy(status)] });
        for (let number = 0; number < 10; number++) assert.equal((await pool.request(search)).status, 200);
      }
      assert.ok(isWell(statusOf(pool, nodeAt(cluster, 0)).state));
    });
  });

  it("a busy node is asked four times in all by default; the last answer is returned with every attempt", async () => {
    await withPool({ cluster: { nodes: 1 } }, async ({ cluster, pool }) => {
      await setAll(cluster, { requests: [busy(503)] });
      const answer = await pool.request(search);
      assert.deepEqual([answer.status, codesOf(answer)], [503, ["503", "503", "503", "503"]]);
      assert.equal(await requestsSeen(cluster), 4);
    });
  });

  it("a node is not asked again after other statuses", async () => {
    await withPool({ cluster: { nodes: 1 } }, async ({ cluster, pool }) => {
      for (const status of [301, 400, 401, 403, 404, 409, 500, 501]) {
        await setAll(cluster, { requests: [busy(status)] });
        const answer = await pool.request(search);
        assert.deepEqual([answer.status, codesOf(answer)], [status, [`${status}`]]);
      }
    });
  });
});

describe("option retry", patience, () => {
  const failures: Record<string, RequestFault> = {
    "a busy node": busy(503),
    "a reset": { kind: "reset", on: users },
    garbage: { kind: "garbage", on: users },
  };

  it("with retry: false every class is sent once, whatever happens", async () => {
    await withPool({ pool: { retry: false } }, async ({ cluster, pool }) => {
      for (const [failure, fault] of Object.entries(failures)) {
        await setAll(cluster, { requests: [fault] });
        for (const [name, request] of Object.entries(oneOfEachClass)) {
          const seen = await requestsSeen(cluster);
          const { attempts } = await pool.request(request).catch((error) => error);
          assert.equal(attempts.length, 1, `${name}, ${failure}`);
          assert.equal((await requestsSeen(cluster)) - seen, 1, `${name}, ${failure}`);
        }
      }
    });
  });

  it('with retry: false a refused connection ends the request, too, with sent "no"', async () => {
    await withPool({ cluster: { nodes: 1 }, pool: { retry: false } }, async ({ cluster, pool }) => {
      await nodeAt(cluster, 0).kill();
      for (const request of Object.values(oneOfEachClass)) {
        const error = await failureOf(pool.request(request));
        assert.deepEqual([error.code, error.sent, error.attempts.length], ["CONNECT", "no", 1]);
      }
    });
  });

  it("retry.max bounds the number of retries", async () => {
    await using cluster = await startFixtureCluster();
    for (const max of [1, 2]) {
      for (const [failure, fault] of Object.entries(failures)) {
        await setAll(cluster, { requests: [fault] });
        // Each time a new pool: a reset on a kept connection would have a retry of its own.
        await usePool(cluster, { retry: { max } }, async (pool) => {
          const { attempts } = await pool.request(search).catch((error) => error);
          assert.equal(attempts.length, failure === "garbage" ? 2 : max + 1, failure);
        });
      }
    }
  });
});

describe("retry budget", patience, () => {
  it("the retry budget allows a hundred retries at start, a fifth of the requests and ten a second", async () => {
    // Read before the pool is made: it must not have earned for longer than is allowed for here.
    const startedAtMs = performance.now();
    await withPool({ cluster: { nodes: 2, faults: { requests: [busy(503)] } } }, async ({ cluster, pool }) => {
      const seen = await requestsSeen(cluster);
      const slot = async () => {
        for (let number = 0; number < 75; number++) assert.equal((await pool.request(search)).status, 503);
      };
      await Promise.all(Array.from({ length: 8 }, slot));

      const { requests, retries } = pool.stats();
      const elapsedS = (performance.now() - startedAtMs) / 1_000;
      assert.equal(requests, 600);
      assert.ok(retries <= 100 + requests / 5 + 10 * elapsedS, `${retries} retries in ${elapsedS} s`);
      // Each of two threads has half of the hundred, and may keep a little of what it earned last.
      assert.ok(retries >= 200, `${retries} retries: what was saved and earned is spent`);
      assert.equal((await requestsSeen(cluster)) - seen, requests + retries);
    });
  });

  it("the retry budget does not hold back the retries of connections that were never made", async () => {
    await withPool({ cluster: { nodes: 2 } }, async ({ cluster, pool }) => {
      await setAll(cluster, { requests: [busy(503)] });
      await waitUntil("what was saved is spent", async () => {
        const answers = await Promise.all(Array.from({ length: 40 }, () => pool.request(search)));
        return answers.some(({ attempts }) => attempts.length === 1);
      });
      await setAll(cluster, {});
      await nodeAt(cluster, 0).kill();
      await waitUntil("its sockets are gone", () => statusOf(pool, nodeAt(cluster, 0)).openSockets === 0);
      const answers = await Promise.all(Array.from({ length: 40 }, () => pool.request(newDocument)));
      assert.ok(answers.every(({ status }) => status === 201));
    });
  });
});
