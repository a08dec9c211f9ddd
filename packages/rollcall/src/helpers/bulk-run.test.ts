import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { describe, it } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { ManualTimers } from "@rollcall/testing";
import { RollcallError } from "@rollcall/worker";
import fc from "fast-check";
import { checkBulkOptions } from "./bulk-options.js";
import { BulkRun } from "./bulk-run.js";
import type { BulkFailure, BulkOptions, BulkResult, BulkSource, HelperPool } from "./bulk-types.js";
import { itemsFor, operationsIn, type ScriptedPool, scriptedPool } from "./scripted-pool.test.support.js";

const byId = { operation: (id: string) => [{ index: { _index: "i", _id: id } }, { id }] as const };
const names = (count: number) => Array.from({ length: count }, (_, at) => `d${at}`);
const idsSent = ({ requests }: ScriptedPool) => requests.map((one) => operationsIn(one).map(([, id]) => id));

interface Ended {
  readonly result?: BulkResult;
  readonly error?: RollcallError;
  readonly failures: readonly BulkFailure[];
  readonly last: BulkResult | undefined;
}

/** Runs a bulk to its end, on a clock that goes so far in each turn of the event loop. */
async function run<Item>(
  pool: HelperPool,
  source: BulkSource<Item>,
  given: BulkOptions<Item>,
  msPerTurn = 100,
): Promise<Ended> {
  const failures: BulkFailure[] = [];
  const timers = new ManualTimers();
  let last: BulkResult | undefined;
  const onProgress = (progress: BulkResult) => {
    last = progress;
  };
  const options = checkBulkOptions(pool, source, { onFailed: (one) => failures.push(one), onProgress, ...given });
  const ended = new BulkRun(pool, source, options, { timers, random: () => 0.5 }).run().then(
    (result) => ({ result }),
    (error: RollcallError) => ({ error }),
  );
  let isOver = false;
  void ended.then(() => {
    isOver = true;
  });
  for (let round = 0; !isOver && round < 50_000; round++) {
    await turn();
    timers.advance(msPerTurn);
  }
  assert.ok(isOver, "the bulk never ended");
  return { ...(await ended), failures, last };
}

/** Items, and whether the source was closed early. */
function watchedSource(items: readonly string[], atEnd: () => Promise<void> = async () => {}) {
  const state = { taken: 0, isClosed: false };
  async function* generate() {
    let isWhole = false;
    try {
      for (const item of items) {
        state.taken++;
        yield item;
      }
      await atEnd();
      isWhole = true;
    } finally {
      state.isClosed = !isWhole;
    }
  }
  return { state, items: generate() };
}

async function turns(count: number): Promise<void> {
  for (let round = 0; round < count; round++) await turn();
}

const never = () => new Promise<void>(() => {});

describe("a bulk", () => {
  it("a bulk sends every operation once, in chunks, and no more requests at once than it may", async () => {
    let now = 0;
    let most = 0;
    const pool = scriptedPool(async (request) => {
      most = Math.max(most, ++now);
      await turns(10);
      now--;
      return itemsFor(request);
    });
    const { result } = await run(pool, names(95), { ...byId, chunkItems: 10, concurrency: 3 });
    assert.equal(most, 3);
    assert.deepEqual(idsSent(pool).flat(), names(95));
    assert.equal(pool.requests.length, 10);
    assert.deepEqual([result?.items, result?.succeeded, result?.failed, result?.retried], [95, 95, 0, 0]);
    const bytes = pool.requests.reduce((sum, { body }) => sum + Buffer.byteLength(String(body)), 0);
    assert.equal(result?.byteLength, bytes);
  });

  it("a bulk reads no further than one chunk beyond those in flight", async () => {
    const { state, items } = watchedSource(names(1_000));
    let furthest = 0;
    const pool = scriptedPool(async (request, at) => {
      await turns(20);
      furthest = Math.max(furthest, state.taken - at * 10);
      return itemsFor(request);
    });
    await run(pool, items, { ...byId, chunkItems: 10, concurrency: 2 });
    assert.ok(furthest > 20 && furthest <= 30, `${furthest}`);
    assert.equal(idsSent(pool).flat().length, 1_000);
  });

  it("operations that were refused are sent again, alone and after a wait, until they have failed for good", async () => {
    let refusals = 0;
    const pool = scriptedPool((request) =>
      itemsFor(request, (id) => (id === "d3" || (id === "d1" && refusals++ < 2) ? 429 : id === "d2" ? 400 : 201)),
    );
    const { result, failures } = await run(pool, names(5), { ...byId, retries: 4 });
    assert.deepEqual(idsSent(pool), [names(5), ["d1", "d3"], ["d1", "d3"], ["d3"], ["d3"]]);
    assert.deepEqual(
      failures.map(({ position, status, mayBeApplied }) => [position, status, mayBeApplied]),
      [
        [2, 400, false],
        [3, 429, false],
      ],
    );
    assert.deepEqual([result?.succeeded, result?.failed, result?.retried], [3, 2, 6]);
    // 375, 750, 1,500 and 3,000 ms.
    assert.ok((result?.durationMs ?? 0) >= 5_625, `${result?.durationMs}`);
  });

  it("a failure holds the operation as it was sent, so that another bulk can send it", async () => {
    const refusing = scriptedPool((request) => itemsFor(request, () => 400));
    const { failures } = await run(refusing, names(2), byId);
    const pool = scriptedPool((request) => itemsFor(request));
    await run(pool, [Buffer.from(failures.map(({ ndjson }) => ndjson).join(""))], {});
    assert.equal(pool.requests[0]?.body, refusing.requests[0]?.body);
  });

  it("operations that a source gives slowly are sent after a time, before the source ends, and in order", async () => {
    const seen: number[] = [];
    const pool = scriptedPool((request) => {
      seen.push(operationsIn(request).length);
      return itemsFor(request);
    });
    const { items } = watchedSource(names(3), async () => {
      while (seen.length === 0) await turn();
    });
    const { result } = await run(pool, items, { ...byId, flushAfterMs: 2_000, concurrency: 1 });
    assert.deepEqual([seen, result?.succeeded], [[3], 3]);
  });

  it("an operation whose time has come does not overtake those that wait for a place", async () => {
    const pool = scriptedPool(async (request) => {
      await turns(20);
      return itemsFor(request);
    });
    // Room for one operation and a half: each completes the chunk of the one before.
    const { result } = await run(pool, names(6), { ...byId, chunkBytes: 70, concurrency: 1, flushAfterMs: 500 });
    assert.ok(Buffer.byteLength(String(pool.requests[0]?.body)) < 70);
    assert.deepEqual([idsSent(pool).flat(), result?.succeeded], [names(6), 6]);
  });

  it("a chunk that a node finds too large is halved; an operation that is too large alone fails", async () => {
    const pool = scriptedPool((request) => {
      const ids = operationsIn(request).map(([, id]) => id);
      return ids.length > 2 || ids.includes("d4") ? { status: 413, body: {} } : itemsFor(request);
    });
    const { failures, result } = await run(pool, names(6), { ...byId, concurrency: 1 });
    assert.deepEqual(
      failures.map(({ position, status, mayBeApplied }) => [position, status, mayBeApplied]),
      [[4, 413, false]],
    );
    assert.equal(result?.succeeded, 5);
  });

  it("a request is repeatable only if all of its operations are, or the caller says so", async () => {
    const classesOf = async (options: BulkOptions<object>) => {
      const pool = scriptedPool((request) => itemsFor(request));
      const items = [{ _id: "1" }, { _id: "2" }, {}].map((data) => [{ index: data }, { a: 1 }]);
      await run<object>(pool, items, { index: "i", chunkItems: 2, concurrency: 1, ...options });
      return pool.requests.map((request) => request.class);
    };
    assert.deepEqual(await classesOf({}), ["repeatable", "never"]);
    assert.deepEqual(await classesOf({ class: "never" }), ["never", "never"]);
    assert.deepEqual(await classesOf({ class: "repeatable" }), ["repeatable", "repeatable"]);
  });

  it("its requests go after those of others where requests wait: their priority is low", async () => {
    const pool = scriptedPool((request) => itemsFor(request));
    await run(pool, names(4), { ...byId, chunkItems: 2 });
    assert.deepEqual(
      pool.requests.map(({ priority }) => priority),
      ["low", "low"],
    );
  });

  it("a request without an answer tells of each of its operations that it may be applied, and the bulk goes on", async () => {
    const pool = scriptedPool((request, at) => {
      if (at === 0) throw new RollcallError("DISCONNECTED", "lost", { sent: "maybe" });
      return itemsFor(request);
    });
    const { failures, result } = await run(pool, names(6), { ...byId, chunkItems: 3, concurrency: 1 });
    assert.deepEqual(
      failures.map(({ position, error, mayBeApplied }) => [position, error.code, mayBeApplied]),
      [
        [0, "DISCONNECTED", true],
        [1, "DISCONNECTED", true],
        [2, "DISCONNECTED", true],
      ],
    );
    assert.deepEqual([result?.succeeded, pool.requests.length], [3, 2]);
  });

  it("whatever is refused, lost, too large or cannot be sent, each operation is counted and reported once", async () => {
    const outcome = fc.constantFrom("done", "done", "done", "refused", "failed", "unreadable");
    const request = fc.constantFrom("answered", "answered", "answered", "lost", "unsent", "too large", "busy");
    const sizes = fc.record({
      chunkItems: fc.integer({ min: 1, max: 7 }),
      chunkBytes: fc.integer({ min: 1, max: 300 }),
      concurrency: fc.integer({ min: 1, max: 3 }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(outcome, { maxLength: 20 }),
        fc.array(request),
        sizes,
        async (items, fates, options) => {
          const done: string[] = [];
          const pool = scriptedPool((sent, at) => {
            const fate = fates[at] ?? "answered";
            if (fate === "lost") throw new RollcallError("TIMEOUT", "late", { sent: "maybe" });
            if (fate === "unsent") throw new RollcallError("QUEUE_FULL", "full");
            if (fate === "too large") return { status: 413, body: {} };
            if (fate === "busy") return { status: 429, body: {} };
            return itemsFor(sent, (id) => {
              const wanted = items[Number(id.slice(1))];
              if (wanted === "done") done.push(id);
              return wanted === "done" ? 201 : wanted === "refused" ? 429 : 400;
            });
          });
          const operation = (id: string) => [
            { index: { _id: id } },
            items[Number(id.slice(1))] === "unreadable" ? undefined : { id },
          ];
          const given = { ...options, index: "i", operation: operation as never, retries: 12 };
          const { result, failures } = await run(pool, names(items.length), given, 2_000);
          assert.ok(result !== undefined);
          assert.deepEqual(
            [result.items, result.succeeded, result.failed],
            [items.length, items.length - failures.length, failures.length],
          );
          const positions = failures.map(({ position }) => position);
          assert.equal(new Set(positions).size, positions.length);
          assert.equal(new Set(done).size, done.length, "none is sent again once it is done");
          assert.deepEqual(
            done.filter((id) => positions.includes(Number(id.slice(1)))),
            [],
          );
          if (options.concurrency === 1)
            assert.deepEqual(
              done,
              names(items.length).filter((id) => done.includes(id)),
            );
        },
      ),
      { numRuns: 30 },
    );
  });
});

describe("a bulk that ends early", () => {
  it("a source that throws ends a bulk once all that was read before is settled", async () => {
    const cause = new Error("disk");
    const { items } = watchedSource(names(5), () => Promise.reject(cause));
    const pool = scriptedPool((request) => itemsFor(request));
    const { error, last } = await run(pool, items, { ...byId, chunkItems: 2 });
    assert.deepEqual([error?.code, error?.cause, last?.succeeded], ["CONFIG", cause, 5]);
    assert.match(error?.message ?? "", /the source failed after 5 operations/);
  });

  it("a function of the caller that throws ends a bulk, closes the source, and is not called again", async () => {
    const cause = new Error("mine");
    for (const name of ["onFailed", "onProgress", "operation"] as const) {
      const { state, items } = watchedSource(names(100));
      let calls = 0;
      const thrower = async () => {
        calls++;
        throw cause;
      };
      const throwsNow = () => {
        calls++;
        throw cause;
      };
      const pool = scriptedPool((request) => itemsFor(request, () => 400));
      const options = { ...byId, chunkItems: 2, [name]: name === "operation" ? throwsNow : thrower };
      const { error } = await run(pool, items, options);
      assert.deepEqual([error?.code, error?.cause, calls], ["CONFIG", cause, 1], name);
      assert.match(error?.message ?? "", new RegExp(`^bulk\\.${name} threw an error`));
      assert.ok(state.isClosed && state.taken < 100, name);
      const sent = pool.requests.length;
      await turns(5);
      assert.equal(pool.requests.length, sent, name);
    }
  });

  it("a signal ends a bulk whose source is silent, and each operation that was read is reported", async () => {
    const abort = new AbortController();
    const pool = scriptedPool(async () => {
      while (pool.requests.length < 2) await turn();
      await turns(10);
      abort.abort("enough");
      throw new RollcallError("ABORTED", "aborted", { sent: "maybe" });
    });
    const source = Readable.from(
      (async function* () {
        yield* names(5);
        await never();
      })(),
    );
    const options = { ...byId, chunkItems: 2, signal: abort.signal };
    const { error, failures, last } = await run<string>(pool, source, options, 0);
    assert.deepEqual([error?.code, error?.cause, error?.name], ["ABORTED", "enough", "AbortError"]);
    const told = failures.map(({ position, mayBeApplied }) => [position, mayBeApplied]).sort();
    assert.deepEqual(told, [
      [0, true],
      [1, true],
      [2, true],
      [3, true],
      [4, false],
    ]);
    assert.deepEqual([last?.items, last?.failed, source.destroyed], [5, 5, true]);
  });

  it("a signal ends a bulk that backs off, and one that had fired before sends nothing", async () => {
    const abort = new AbortController();
    const pool = scriptedPool((request) => {
      setImmediate(() => abort.abort());
      return itemsFor(request, () => 429);
    });
    const options = { ...byId, signal: abort.signal };
    const { error, failures } = await run(pool, names(2), options, 0);
    assert.deepEqual([error?.code, failures.length, pool.requests.length], ["ABORTED", 2, 1]);

    const { state, items } = watchedSource(names(9));
    assert.equal((await run(pool, items, { ...byId, signal: abort.signal })).error?.code, "ABORTED");
    assert.deepEqual([pool.requests.length, state.taken], [1, 0]);
  });

  it("a bulk that no node accepts ends after its retries, and one that may not write ends at once", async () => {
    const { state, items } = watchedSource(names(100));
    const unsent = scriptedPool(() => {
      throw new RollcallError("NO_NODE", "none");
    });
    const { error, failures, last } = await run(unsent, items, { ...byId, chunkItems: 5, concurrency: 1, retries: 3 });
    assert.deepEqual([error?.code, unsent.requests.length, state.isClosed], ["NO_NODE", 4, true]);
    assert.deepEqual([failures.length, last?.items], [last?.failed, last?.failed]);
    assert.ok(failures.length < 20 && failures.every(({ mayBeApplied }) => !mayBeApplied));

    const forbidden = scriptedPool(() => ({ status: 403, body: {} }));
    const ended = await run(forbidden, names(100), { ...byId, chunkItems: 5, concurrency: 1 });
    assert.deepEqual([ended.error?.code, ended.error?.status, forbidden.requests.length], ["STATUS", 403, 1]);
  });
});
