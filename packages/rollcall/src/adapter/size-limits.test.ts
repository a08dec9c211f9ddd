import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { boundOf } from "./size-limits.js";

const poolMaxBytes = 100_000;

describe("the bound of a client's limits", () => {
  it("an answer that can only be text is read up to `maxResponseSize`, and never below what the pool takes", () => {
    assert.equal(boundOf({}, { maxResponseSize: 5_000, maxCompressedResponseSize: 9_000 }, poolMaxBytes), 5_000);
    assert.equal(boundOf(null, { maxResponseSize: 3 }, poolMaxBytes), 1_024);
  });

  it("an answer that may be bytes is read up to the larger of the two limits", () => {
    const limits = { maxResponseSize: 5_000, maxCompressedResponseSize: 9_000 };
    assert.equal(boundOf({ "accept-encoding": "gzip,deflate" }, limits, poolMaxBytes), 9_000);
    assert.equal(boundOf({ accept: "application/vnd.elasticsearch+cbor" }, limits, poolMaxBytes), 9_000);
    assert.equal(boundOf({ "accept-encoding": "gzip" }, { maxResponseSize: 5_000 }, poolMaxBytes), undefined);
  });

  it("no limit of the client is above the pool's own", () => {
    assert.equal(boundOf({}, { maxResponseSize: poolMaxBytes }, poolMaxBytes), undefined);
    assert.equal(boundOf({}, {}, poolMaxBytes), undefined);
  });
});
