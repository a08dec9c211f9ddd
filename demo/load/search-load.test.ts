import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type PoolResponse, RollcallError } from "@rollcall/worker";
import { sendSearches } from "./search-load.js";
import { Tally } from "./tally.js";

const load = { searchers: 1, pauseMs: 1, search: () => ({ method: "POST", path: "/_search" }) };

interface End {
  over(): void;
  cutShort(): void;
}

/** Sends searches, the n-th of which ends as `answer` says, until one of the signals fires. */
async function tallyOf(answer: (n: number, end: End) => PoolResponse): Promise<Tally> {
  const over = new AbortController();
  const cutShort = new AbortController();
  const end = { over: () => over.abort(), cutShort: () => cutShort.abort() };
  let sent = 0;
  const pool = { request: async <T>() => answer(++sent, end) as PoolResponse<T> };
  const tally = new Tally();
  const signals = { over: over.signal, cutShort: cutShort.signal };
  await sendSearches(pool, load, { tally, elapsedMs: () => sent, ...signals });
  return tally;
}

describe("demo", () => {
  it("the search load counts an error and an error status as failures, with the code and the last attempts", async () => {
    const tally = await tallyOf((n, end) => {
      if (n === 1) return responseWith(200);
      if (n === 2) return responseWith(503);
      end.over();
      throw new RollcallError("TIMEOUT", "no answer", { attempts: [{ node: "a:1", code: "TIMEOUT", ms: 9 }] });
    });
    const { searches, failed, firstFailures } = tally.totals();
    assert.deepEqual({ searches, failed }, { searches: 3, failed: 2 });
    assert.deepEqual(
      firstFailures.map(({ code, message }) => [code, message]),
      [
        ["STATUS", "a:1 answered 503"],
        ["TIMEOUT", "no answer; last attempts: a:1 TIMEOUT"],
      ],
    );
    assert.equal(tally.answersOf("a:1"), 1);
  });

  it("the search load does not count a search that fails after the run was cut short", async () => {
    const tally = await tallyOf((_, end) => {
      end.cutShort();
      throw new RollcallError("CLOSED", "the pool is closed");
    });
    assert.equal(tally.totals().searches, 0);
  });
});

function responseWith(status: number): PoolResponse {
  const response: PoolResponse = {
    status,
    ok: status < 300,
    headers: {},
    node: "a:1",
    nodeUrl: "http://n:1",
    attempts: [],
    json: () => ({}),
    text: () => "{}",
    bytes: () => new Uint8Array(),
    throwIfError() {
      if (status >= 400) throw new RollcallError("STATUS", `a:1 answered ${status}`, { status });
      return response;
    },
  };
  return response;
}
