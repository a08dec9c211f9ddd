import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { anyDigest, anyHead, anyMarks } from "./arbitrary-view.test.support.js";
import { encodeHead, encodeMarks } from "./codec.js";
import { viewLimits } from "./limits.js";
import {
  decodeEvent,
  decodeReport,
  encodeHeartbeat,
  encodePeerProbeRequest,
  encodePeerProbeResult,
  encodeReport,
  headEventAround,
  releasedEvent,
  statusRequestEvent,
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
      fc.property(anyDigest, (heartbeat) => {
        assert.deepEqual(decodeReport(bytes(encodeHeartbeat(heartbeat))), { value: { kind: "heartbeat", heartbeat } });
      }),
    );
    const report = { node: "n1@es1:9200", reason: "connection refused", replica: "r1" };
    assert.deepEqual(decodeReport(bytes(encodeReport(report))), { value: { kind: "report", ...report } });
    const backed = { ...report, probe: "failed" } as const;
    assert.deepEqual(decodeReport(bytes(encodeReport(backed))), { value: { kind: "report", ...backed } });
    assert.deepEqual(decodeEvent(bytes(releasedEvent)), { value: { kind: "released" } });
    assert.deepEqual(decodeEvent(bytes(statusRequestEvent)), { value: { kind: "statusRequest" } });
  });

  it("carry questions to witnesses, and their answers", () => {
    const about = { id: "7.3", node: "n1@es1:9200" };
    const ask = { ...about, replicas: ["r1", "r2"] };
    assert.deepEqual(decodeEvent(bytes(encodePeerProbeRequest(ask))), { value: { kind: "peerProbeRequest", ...ask } });
    for (const ok of [true, false]) {
      const answer = { ...about, replica: "r1", ok };
      assert.deepEqual(decodeReport(bytes(encodePeerProbeResult(answer))), {
        value: { kind: "peerProbeResult", ...answer },
      });
    }
  });

  it("refuse a question or an answer that is not whole, or too large", () => {
    const ask = { kind: "peerProbeRequest", id: "7.3", node: "n1@es1:9200", replicas: ["r1"] };
    const strange = [
      { id: "" },
      { id: 7 },
      { id: "x".repeat(65) },
      { node: "es1:9200" },
      { replicas: "r1" },
      { replicas: [""] },
      { replicas: Array.from({ length: 17 }, (_, index) => `r${index}`) },
    ];
    for (const part of strange) assert.ok("problem" in decodeEvent(bytes({ ...ask, ...part })), JSON.stringify(part));
    const answer = { kind: "peerProbeResult", id: "7.3", node: "n1@es1:9200", replica: "r1", ok: true };
    for (const part of [{ id: undefined }, { node: 1 }, { replica: "" }, { ok: "yes" }, { ok: undefined }]) {
      assert.ok("problem" in decodeReport(bytes({ ...answer, ...part })), JSON.stringify(part));
    }
    const report = { kind: "report", node: "n1@es1:9200", reason: "", replica: "r1", probe: "answered" };
    assert.ok("problem" in decodeReport(bytes(report)));
  });

  it("say in what format a heartbeat is, and refuse one that is too new", () => {
    const [heartbeat] = fc.sample(anyDigest, 1);
    assert.ok(heartbeat !== undefined);
    const message = JSON.parse(encodeHeartbeat(heartbeat));
    assert.equal(message.heartbeat.format, 1);
    assert.ok("value" in decodeReport(bytes({ ...message, heartbeat: { ...message.heartbeat, format: 2 } })));
    assert.ok("problem" in decodeReport(bytes({ ...message, heartbeat: { ...message.heartbeat, format: 3 } })));
  });

  it("name no more nodes than a reader takes", () => {
    const [heartbeat] = fc.sample(anyDigest, 1);
    assert.ok(heartbeat !== undefined);
    const avoided = Array.from({ length: 500 }, (_, index) => `n${index}@es1:9200`);
    const read = decodeReport(bytes(encodeHeartbeat({ ...heartbeat, ejected: avoided, refutes: avoided })));
    assert.ok("value" in read && read.value.kind === "heartbeat");
    assert.deepEqual(read.value.heartbeat.ejected, avoided.slice(0, 64));
    assert.deepEqual(read.value.heartbeat.refutes, avoided.slice(0, 64));
  });

  it("are of an unknown kind where a newer version says more", () => {
    assert.deepEqual(decodeEvent(bytes({ kind: "oracle", nodes: [] })), { value: { kind: "unknown" } });
    assert.deepEqual(decodeReport(bytes({ kind: "seen" })), { value: { kind: "unknown" } });
  });

  it("never throw, and are bounded", () => {
    for (const decode of [decodeEvent, decodeReport]) {
      fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (garbage) => "problem" in decode(garbage)));
      fc.assert(
        fc.property(
          fc.constantFrom("head", "heartbeat", "report", "peerProbeRequest", "peerProbeResult"),
          fc.jsonValue(),
          (kind, value) => {
            const read = decode(bytes({ kind, head: value, heartbeat: value, node: value, marks: value }));
            assert.ok("problem" in read || read.value.kind === "unknown");
          },
        ),
      );
      assert.ok("problem" in decode(Buffer.alloc(viewLimits.reportMaxBytes + 1, "1")));
    }
  });
});
