import assert from "node:assert/strict";
import { it } from "node:test";
import { seededRandom } from "@rollcall/testing";
import fc from "fast-check";
import { AnswerMemory, uncountedBytes } from "./answer-memory.js";

const maxBytes = 100_000;

/** One answer, read in chunks. */
class Answer {
  byteLength = 0;
  constructor(private readonly memory: AnswerMemory<Answer>) {}

  grow(bytes: number): boolean {
    this.byteLength += bytes;
    return this.memory.grew(this, bytes);
  }
}

function begin(count: number, memory = new AnswerMemory<Answer>(maxBytes)) {
  return { memory, answers: Array.from({ length: count }, () => new Answer(memory)) };
}

it("small answers are not counted, and never wait, also beside answers that fill the memory", () => {
  const { memory, answers } = begin(3);
  const [large, other, small] = answers;
  assert.ok(large?.grow(uncountedBytes + maxBytes));
  assert.equal(other?.grow(uncountedBytes + 1), false);
  assert.equal(small?.grow(uncountedBytes), true);
  assert.equal(memory.heldBytes, maxBytes + 1);
});

it("at the bound one answer goes on, and the others wait until it ends, in their order", () => {
  const { memory, answers } = begin(3);
  const [first, second, third] = answers;
  assert.ok(first && second && third);
  const grown = answers.map((answer) => answer.grow(uncountedBytes + maxBytes));
  assert.deepEqual(grown, [true, false, false]);
  assert.equal(first.grow(maxBytes), true);
  assert.equal(memory.next(), undefined);
  memory.ended(first);
  assert.equal(memory.next(), second);
  assert.equal(memory.next(), undefined);
  memory.ended(second);
  memory.ended(third);
  assert.deepEqual([memory.heldBytes, memory.next()], [0, undefined]);
});

it("while another thread has not taken posted answers, the memory is full and none goes on", () => {
  const { memory, answers } = begin(2);
  const [first, second] = answers;
  assert.ok(first && second);
  memory.posted(uncountedBytes + maxBytes);
  assert.deepEqual([first.grow(uncountedBytes + 1), second.grow(uncountedBytes + 1)], [false, false]);
  assert.equal(memory.next(), undefined);
  memory.taken(uncountedBytes + maxBytes);
  assert.deepEqual([memory.next(), memory.next()], [first, second]);
});

it("whatever the sizes and the order, every answer ends, and the memory holds the bound and one answer at most", () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 3 * maxBytes }), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(sizes, fc.integer(), fc.integer({ min: 1_000, max: 30_000 }), (wanted, seed, chunk) => {
      const { memory, answers } = begin(wanted.length);
      const largest = Math.max(...wanted);
      const random = seededRandom(seed);
      const draw = (below: number) => Math.floor(random() * below);
      const reading = new Set(answers);
      const posted: number[] = [];
      let ended = 0;
      for (let step = 0; ended < answers.length; step++) {
        assert.ok(step < 10_000, "the answers do not end");
        const able = [...reading];
        const answer = able[draw(Math.max(1, able.length))];
        if (answer === undefined || (posted.length > 0 && draw(3) === 0)) {
          assert.ok(posted.length > 0, "nothing is read, and nothing is to be taken");
          memory.taken(posted.splice(draw(posted.length), 1)[0] ?? 0);
        } else {
          const size = wanted[answers.indexOf(answer)] ?? 0;
          if (!answer.grow(Math.min(chunk, size - answer.byteLength))) reading.delete(answer);
          else if (answer.byteLength === size) {
            reading.delete(answer);
            ended++;
            memory.posted(size);
            memory.ended(answer);
            posted.push(size);
          }
        }
        for (let next = memory.next(); next !== undefined; next = memory.next()) reading.add(next);
        assert.ok(memory.heldBytes <= maxBytes + largest + chunk * answers.length);
      }
    }),
  );
});
