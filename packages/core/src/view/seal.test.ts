import assert from "node:assert/strict";
import { it } from "node:test";
import fc from "fast-check";
import { anyHead, anyMarks } from "./arbitrary-view.test.support.js";
import { digestOf, encodeHead, encodeMarks } from "./codec.js";
import { headEventAround } from "./events.js";
import { canonicalBytes, opened, type SealedBy, sealed, sealMaxBytes } from "./seal.js";
import { isInAge, sealMaxAgeMs } from "./seal-age.js";
import { sealKeys, sealKinds } from "./seal-keys.js";
import { openHead, openHeadEvent } from "./sealed-head.js";
import { SealedOrder } from "./sealed-order.js";

const [first, second] = ["a secret of 16 bytes or more", "another secret of that length"] as const;
const keys = sealKeys("logs", [first]);
const anyCount = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const anySealedBy: fc.Arbitrary<SealedBy> = fc.record({
  sender: fc.stringMatching(/^[a-z0-9]{1,16}$/),
  epoch: anyCount,
  sequence: anyCount,
  atMs: anyCount,
});
const anyBody = fc.dictionary(fc.string(), fc.jsonValue()).map((fields) => JSON.stringify(fields));
const anyKind = fc.constantFrom(...sealKinds);
const by = { sender: "s1", epoch: 7, sequence: 3, atMs: 1_000 };

it("what is sealed is opened with the same secret, for the same view and kind, and with no other", () => {
  fc.assert(
    fc.property(anyBody, anySealedBy, anyKind, anyKind, (body, sealedBy, kind, other) => {
      const text = sealed(body, sealedBy, kind, keys);
      assert.ok(text.length - body.length <= sealMaxBytes, text);
      const bytes = Buffer.from(text);
      const read = opened(bytes, kind, sealKeys("logs", [second, first]));
      assert.deepEqual(read, { kind: "opened", body: Buffer.from(body), by: { ...sealedBy } });
      const refused = { kind: "refused", fault: "other" };
      assert.deepEqual(opened(bytes, kind, sealKeys("logs", [second])), refused);
      assert.deepEqual(opened(bytes, kind, sealKeys("logs2", [first])), refused);
      if (other !== kind) assert.deepEqual(opened(bytes, other, keys), refused);
      assert.deepEqual(opened(Buffer.from(body), kind, keys), { kind: "refused", fault: "unsealed" });
    }),
    { numRuns: 50 },
  );
});

it("sealed bytes are refused once any byte of them is changed, left out or added", () => {
  const changes = fc.record({ at: fc.nat(), byte: fc.integer({ min: 0, max: 255 }), remove: fc.nat({ max: 1 }) });
  fc.assert(
    fc.property(anyBody, anySealedBy, changes, (body, sealedBy, { at, byte, remove }) => {
      const bytes = Buffer.from(sealed(body, sealedBy, "reports", keys));
      const index = at % bytes.length;
      const [before, after] = [bytes.subarray(0, index), bytes.subarray(index + remove)];
      for (const changed of [Buffer.concat([before, Buffer.of(byte), after]), Buffer.concat([before, after])]) {
        if (!changed.equals(bytes)) assert.equal(opened(changed, "reports", keys).kind, "refused", String(changed));
      }
    }),
    { numRuns: 200 },
  );
});

it("no bytes make the opening of a seal, of a head or of a head event throw", () => {
  const fragment = fc.constantFrom('{"kind":"head","marksBytes":9,"head":{', ',"seal":"1.', '"seal":"', "}", ".0.0.0.");
  const anyBytes = fc.oneof(
    fc.uint8Array({ maxLength: 600 }),
    fc.array(fc.oneof(fragment, fc.string()), { maxLength: 12 }).map((parts) => Buffer.from(parts.join(""))),
  );
  fc.assert(
    fc.property(anyBytes, anyKind, (bytes, kind) => {
      assert.equal(opened(bytes, kind, keys).kind, "refused");
      assert.ok("problem" in openHead(bytes, keys));
      const event = openHeadEvent(bytes, keys);
      assert.ok(event === undefined || "problem" in event);
    }),
  );
});

it("no two lists of fields are covered by the same bytes", () => {
  const bytes = (fields: Parameters<typeof canonicalBytes>[2]) =>
    Buffer.concat(canonicalBytes("logs", "head", fields, [Buffer.from("{"), Buffer.from("}")])).toString();
  assert.equal(bytes(["a", "11", "1", "1"]), "15:rollcall seal 14:logs4:head1:a2:111:11:12:{}");
  assert.notEqual(bytes(["a", "11", "1", "1"]), bytes(["a1", "1", "1", "1"]));
});

it("a sealed head is read with the time of its seal, whatever a script has written after it", () => {
  fc.assert(
    fc.property(anyHead, anyMarks, fc.boolean(), (named, marks, isReleased) => {
      const encoded = encodeMarks(marks);
      const digests = { topology: digestOf(encoded), marks: digestOf(encoded) };
      const head = { ...named, digests, atMs: by.atMs, ...(isReleased ? { released: true as const } : {}) };
      const { atMs: _atMs, ...untimed } = head;
      const text = sealed(encodeHead(untimed), by, "head", keys);
      const stored = `${text.slice(0, -1)},"atMs":99,"released":true}`;
      assert.deepEqual(openHead(Buffer.from(stored), keys), { head, by });
      const { before, after } = headEventAround(encoded);
      const event = Buffer.from(`${before}${stored}${after}`);
      assert.deepEqual(openHeadEvent(event, keys), { head, by, ...(after === "}" ? {} : { marks }) });
      const other = openHead(Buffer.from(`${encodeHead(untimed).slice(0, -1)},"atMs":99}`), keys);
      assert.deepEqual(other, { problem: "it is not sealed, so its writer has no `secret`", isForeign: true });
    }),
    { numRuns: 30 },
  );
});

it("marks of an event that are not those that its head names are left out", () => {
  const marks = encodeMarks({ version: { epoch: 1, leader: "a", sequence: 1 }, nodes: {} });
  const digests = { topology: digestOf(marks), marks: digestOf(Buffer.from("others")) };
  const version = { epoch: 1, leader: "a", sequence: 1 };
  const head = { topology: version, marks: version, beat: 1, replicas: 1, digests };
  const { before, after } = headEventAround(marks);
  const read = openHeadEvent(Buffer.from(`${before}${sealed(encodeHead(head), by, "head", keys)}${after}`), keys);
  assert.deepEqual(read, { head: { ...head, atMs: by.atMs }, by });
});

it("a seal is believed while its time is near the store's clock, in both directions", () => {
  const { message, firstHead } = sealMaxAgeMs;
  for (const maxAgeMs of [message, firstHead]) {
    const isIn = [0, maxAgeMs, maxAgeMs + 1, -message, -message - 1].map((ageMs) =>
      isInAge(1e12, 1e12 + ageMs, maxAgeMs),
    );
    assert.deepEqual(isIn, [true, true, false, true, false]);
  }
});

it("each sealed message passes once; what was seen of a sender is forgotten after its time", () => {
  const order = new SealedOrder(30_000);
  const message = (sender: string, sequence: number) => ({ sender, sequence });
  assert.deepEqual(
    [order.isNew(message("a", 2), 0), order.isNew(message("a", 2), 1), order.isNew(message("a", 1), 2)],
    [true, false, false],
  );
  assert.ok(order.isNew(message("b", 1), 3) && order.isNew(message("a", 3), 4));
  assert.ok(!order.isNew(message("a", 3), 30_000), "it has been seen within the time");
  assert.ok(order.isNew(message("b", 1), 70_000) && order.isNew(message("a", 3), 70_000), "both are forgotten");
  const sequences = Array.from({ length: 20_000 }, (_, at) => order.isNew(message(`s${at}`, 1), 70_001));
  assert.ok(sequences.filter(Boolean).length < 16_384, "senders are bounded");
});
