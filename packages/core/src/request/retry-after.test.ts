import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseRetryAfter } from "./retry-after.js";

describe("Retry-After", () => {
  const nowMs = Date.UTC(1994, 10, 6, 8, 49, 37);

  it("Retry-After may be whole seconds", () => {
    assert.equal(parseRetryAfter("0", nowMs), 0);
    assert.equal(parseRetryAfter(" 120 ", nowMs), 120_000);
  });

  it("Retry-After may be a date", () => {
    assert.equal(parseRetryAfter("Sun, 06 Nov 1994 08:49:40 GMT", nowMs), 3_000);
  });

  it("a Retry-After whose date has passed is no wait", () => {
    assert.equal(parseRetryAfter("Sun, 06 Nov 1994 08:49:00 GMT", nowMs), 0);
  });

  it("a Retry-After is cut to an hour", () => {
    assert.equal(parseRetryAfter("99999999999999999999999", nowMs), 3_600_000);
    assert.equal(parseRetryAfter("Sun, 06 Nov 2094 08:49:37 GMT", nowMs), 3_600_000);
  });

  for (const garbage of ["", "-1", "1.5", "soon", "1e3", "12 s", "1994-11-06", "Sun, 99 Nov 1994 08:49:37 GMT"]) {
    it(`a Retry-After of ${JSON.stringify(garbage)} is ignored`, () => {
      assert.equal(parseRetryAfter(garbage, nowMs), undefined);
    });
  }
});
