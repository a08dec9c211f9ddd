import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type HistoryEntry, mergedHistory, summedUp, withNews } from "./history.js";
import { decodeHistory, encodeHistory, encodeNewestHistory } from "./history-codec.js";
import { viewLimits } from "./limits.js";

const entry = (atMs: number, given: Partial<HistoryEntry> = {}): HistoryEntry => ({
  ...{ atMs, event: "node.down", text: `at ${atMs}`, by: "replica-1" },
  node: { key: `id${atMs}@es${atMs}:9200`, address: `es${atMs}:9200`, name: `es${atMs}` },
  ...given,
});
const times = (entries: readonly HistoryEntry[]) => entries.map(({ atMs }) => atMs);
const upTo = (count: number) => Array.from({ length: count }, (_, at) => entry(at));

describe("history", () => {
  it("two copies of a history merge into one, each entry once, by time, and the newest 1,000 are kept", () => {
    assert.deepEqual(times(mergedHistory([entry(1), entry(3)], [entry(3), entry(2)])), [1, 2, 3]);
    const merged = mergedHistory(upTo(900), [...upTo(5), entry(2_000), ...upTo(1_100).slice(900)]);
    assert.deepEqual([merged.length, merged[0]?.atMs, merged.at(-1)?.atMs], [1_000, 101, 2_000]);
  });

  it("news stand at the end, once, also where they were there before", () => {
    assert.deepEqual(times(withNews([entry(1), entry(9), entry(3)], [entry(9), entry(4)])), [1, 3, 9, 4]);
    assert.equal(withNews(upTo(1_000), [entry(5_000)]).length, 1_000);
  });

  it("the restart of a thousand nodes at once leaves twenty entries, of which the last sums up, and keeps all others", () => {
    const others = [entry(0.5, { event: "leader.elected" }), entry(999.5, { event: "leader.lost" })];
    const summed = summedUp([...upTo(1_000), ...others]);
    const sum = summed.find(({ text }) => text.startsWith("the same"));
    assert.equal(sum?.text, "the same of 981 others: es19, es20, es21 and 978 more");
    assert.deepEqual([sum.node, sum.event, sum.atMs], [undefined, "node.down", 19]);
    assert.deepEqual([summed.length, times(summed).slice(0, 3), times(summed).at(-1)], [22, [0, 0.5, 1], 999.5]);
    assert.equal(summedUp(upTo(20)).length, 20);
  });

  it("a history is read as it was written, without lines that are no entry, and without control characters", () => {
    const plain = entry(1, { text: "ünï \u001b[2Jcode\nline", by: "ops@laptop" });
    const { node: _, ...nodeless } = entry(2);
    const bytes = Buffer.concat([
      encodeHistory([plain]),
      Buffer.from('nonsense\n{"atMs":1}\n[]\n'),
      encodeHistory([nodeless]),
    ]);
    const read = decodeHistory(bytes);
    assert.ok("value" in read);
    assert.deepEqual(read.value, [{ ...plain, text: "ünï \ufffd[2Jcode\ufffdline" }, nodeless]);
  });

  it("an entry that a leader could not write at once stands where it was in time, not where it was written", () => {
    const read = decodeHistory(encodeHistory([entry(1), entry(9), entry(4)]));
    assert.deepEqual("value" in read && times(read.value), [1, 4, 9]);
  });

  it("what holds no entry, or is too large, is refused with the reason", () => {
    const problemOf = (bytes: Uint8Array) => {
      const read = decodeHistory(bytes);
      return "problem" in read ? read.problem : undefined;
    };
    assert.equal(problemOf(Buffer.from("{}\n")), "has no entry that can be read");
    assert.match(problemOf(Buffer.alloc(viewLimits.historyMaxBytes + 1, "x")) ?? "", /is larger than 524288 bytes/);
  });

  it("a history of the longest entries is written up to half of what a reader accepts: the newest of them", () => {
    const long = upTo(1_000).map((one) => ({ ...one, text: "ü".repeat(viewLimits.historyTextMaxLength) }));
    const bytes = encodeNewestHistory(long);
    assert.ok(bytes.byteLength <= viewLimits.historyMaxBytes / 2 && bytes.byteLength > 200_000);
    const read = decodeHistory(bytes);
    assert.ok("value" in read);
    assert.equal(read.value.at(-1)?.atMs, 999);
  });
});
