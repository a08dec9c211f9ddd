import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { anyDigest, anyHead, anyMarks } from "./arbitrary-view.test.support.js";
import { encodeHead, encodeMarks } from "./codec.js";
import { viewLimits } from "./limits.js";
import {
  decodeEvent,
  decodeReport,
  encodeDigest,
  encodeReport,
  headEventAround,
  releasedEvent,
  rollCallEvent,
} from "./messages.js";

const bytes = (value: unknown) => Buffer.from(typeof value === "string" ? value : JSON.stringify(value));

describe("the messages of a view", () => {
  it("carry a head, with marks that are small enough", () => {
    fc.assert(
      fc.property(anyHead, anyMarks, (head, marks) => {
        const encoded = encodeMarks(marks);
        const { before, after } = headEventAround(encoded);
        const message = bytes(`${before}${encodeHead(head).slice(0, -1)},"atMs":${head.atMs}}${after}`);
        const inline = encoded.byteLength <= viewLimits.inlineMarksMaxBytes ? { marks } : {};
        assert.deepEqual(decodeEvent(message), { value: { kind: "head", head, ...inline } });
      }),
    );
    assert.equal(headEventAround(Buffer.alloc(viewLimits.inlineMarksMaxBytes + 1, "x")).after, "}");
    assert.equal(headEventAround(undefined).after, "}");
  });

  it("carry digests and reports", () => {
    fc.assert(
      fc.property(anyDigest, (digest) => {
        assert.deepEqual(decodeReport(bytes(encodeDigest(digest))), { value: { kind: "digest", digest } });
      }),
    );
    const report = { node: "n1@es1:9200", reason: "connection refused", replica: "r1" };
    assert.deepEqual(decodeReport(bytes(encodeReport(report))), { value: { kind: "report", ...report } });
    assert.deepEqual(decodeEvent(bytes(releasedEvent)), { value: { kind: "released" } });
    assert.deepEqual(decodeEvent(bytes(rollCallEvent)), { value: { kind: "rollCall" } });
  });

  it("say in what format a digest is, and refuse one that is too new", () => {
    const [digest] = fc.sample(anyDigest, 1);
    assert.ok(digest !== undefined);
    const message = JSON.parse(encodeDigest(digest));
    assert.equal(message.digest.format, 1);
    assert.ok("value" in decodeReport(bytes({ ...message, digest: { ...message.digest, format: 2 } })));
    assert.ok("problem" in decodeReport(bytes({ ...message, digest: { ...message.digest, format: 3 } })));
  });

  it("name no more nodes than a reader takes", () => {
    const [digest] = fc.sample(anyDigest, 1);
    assert.ok(digest !== undefined);
    const avoided = Array.from({ length: 500 }, (_, index) => `n${index}@es1:9200`);
    const read = decodeReport(bytes(encodeDigest({ ...digest, avoided })));
    assert.ok("value" in read && read.value.kind === "digest");
    assert.deepEqual(read.value.digest.avoided, avoided.slice(0, 64));
  });

  it("are of an unknown kind where a newer version says more", () => {
    assert.deepEqual(decodeEvent(bytes({ kind: "witness", nodes: [] })), { value: { kind: "unknown" } });
    assert.deepEqual(decodeReport(bytes({ kind: "seen" })), { value: { kind: "unknown" } });
  });

  it("never throw, and are bounded", () => {
    for (const decode of [decodeEvent, decodeReport]) {
      fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (garbage) => "problem" in decode(garbage)));
      fc.assert(
        fc.property(fc.constantFrom("head", "digest", "report"), fc.jsonValue(), (kind, value) => {
          const read = decode(bytes({ kind, head: value, digest: value, node: value, marks: value }));
          assert.ok("problem" in read || read.value.kind === "unknown");
        }),
      );
      assert.ok("problem" in decode(Buffer.alloc(viewLimits.reportMaxBytes + 1, "1")));
    }
  });
});
