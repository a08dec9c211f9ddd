import assert from "node:assert/strict";
import { it } from "node:test";
import fc from "fast-check";
import { Chunker, halves } from "./chunker.js";
import type { Operation } from "./operation.js";

const operation = (position: number, byteLength: number): Operation => ({
  position,
  byteLength,
  action: "index",
  index: "i",
  id: `${position}`,
  isRepeatable: true,
  lines: [],
});
const sizes = fc.array(fc.integer({ min: 1, max: 50 }), { maxLength: 60 });
const limits = fc.record({ chunkBytes: fc.integer({ min: 1, max: 100 }), chunkItems: fc.integer({ min: 1, max: 9 }) });

it("chunks hold every operation once and in order, within both limits, unless a chunk has one operation", () => {
  fc.assert(
    fc.property(sizes, limits, (byteLengths, { chunkBytes, chunkItems }) => {
      const operations = byteLengths.map((byteLength, at) => operation(at, byteLength));
      const chunker = new Chunker({ chunkBytes, chunkItems });
      const chunks = [...operations.flatMap((one) => chunker.add(one)), ...chunker.take()];
      assert.deepEqual(
        chunks.flatMap((chunk) => chunk.operations),
        operations,
      );
      for (const { operations: held, byteLength } of chunks) {
        assert.ok(held.length > 0 && held.length <= chunkItems);
        assert.ok(byteLength <= chunkBytes || held.length === 1);
        assert.equal(
          byteLength,
          held.reduce((sum, one) => sum + one.byteLength, 0),
        );
      }
      // None could have taken the next chunk's first operation.
      for (const [at, { operations: held, byteLength }] of chunks.slice(0, -1).entries()) {
        const next = chunks[at + 1]?.operations[0]?.byteLength ?? 0;
        assert.ok(held.length === chunkItems || byteLength + next > chunkBytes || byteLength >= chunkBytes);
      }
    }),
  );
});

it("a chunk that a node finds too large is halved until one operation is left", () => {
  const [first, second] = halves([1, 2, 3].map((at) => operation(at, 1)));
  assert.deepEqual(
    [first, second].map((half) => half?.map(({ position }) => position)),
    [[1, 2], [3]],
  );
});
