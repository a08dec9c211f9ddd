import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { refusedBackoffMs, retryBackoffMs } from "./backoff.js";

describe("backoff", () => {
  it("the wait before a retry is drawn from 0 to 100 ms, doubling to 2 s", () => {
    const longest = [1, 2, 3, 4, 5, 6, 7, 100].map((retry) => retryBackoffMs(retry, () => 1));
    assert.deepEqual(longest, [100, 200, 400, 800, 1_600, 2_000, 2_000, 2_000]);
    assert.equal(
      retryBackoffMs(3, () => 0),
      0,
    );
    assert.equal(
      retryBackoffMs(3, () => 0.5),
      200,
    );
  });

  it("connecting is retried after 100 to 500 ms", () => {
    assert.equal(
      refusedBackoffMs(() => 0),
      100,
    );
    assert.equal(
      refusedBackoffMs(() => 0.5),
      300,
    );
    assert.equal(
      refusedBackoffMs(() => 1),
      500,
    );
  });
});
