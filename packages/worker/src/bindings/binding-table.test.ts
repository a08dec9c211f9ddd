import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ManualTimers } from "@rollcall/testing";
import { BindingTable, bindingsMax, createBindingWords } from "./binding-table.js";

function openTable() {
  const timers = new ManualTimers(1_000_000);
  const nowMs = () => timers.nowMs();
  const words = createBindingWords();
  return { timers, words, table: new BindingTable(words, nowMs), other: new BindingTable(words, nowMs) };
}

describe("the table of searches and the nodes that opened them", () => {
  it("every thread finds what one of them has noted, for as long as the search lives, and then nothing", () => {
    const { timers, table, other } = openTable();
    table.note("a", "es1:9200", 60_000);
    other.note("b", "[::1]:9201", 1_000);
    const found = () => [other.nodeOf("a"), table.nodeOf("b"), table.nodeOf("c")];
    assert.deepEqual(found(), ["es1:9200", "[::1]:9201", undefined]);
    timers.advance(3_000);
    assert.deepEqual(found(), ["es1:9200", undefined, undefined]);
    timers.advance(60_000);
    assert.deepEqual(found(), [undefined, undefined, undefined]);
  });

  it("a search that goes on lives on, at the node that it went on at, and one that is over is forgotten", () => {
    const { timers, table } = openTable();
    table.note("a", "es1:9200", 60_000);
    timers.advance(50_000);
    table.note("a", "es2:9200", 60_000);
    timers.advance(50_000);
    assert.equal(table.nodeOf("a"), "es2:9200");
    table.note("a", "es2:9200", 1);
    timers.advance(5_000);
    assert.equal(table.nodeOf("a"), "es2:9200");
    table.forget("a");
    assert.equal(table.nodeOf("a"), undefined);
  });

  it("a full table keeps the newest searches, and its memory does not grow", () => {
    const { timers, words, table } = openTable();
    const { byteLength } = words;
    const count = bindingsMax * 4;
    for (let at = 0; at < count; at++) {
      table.note(`id ${at}`, `es${at}:9200`, 600_000);
      timers.advance(100);
    }
    assert.equal(words.byteLength, byteLength);
    const kept = (from: number, to: number) => {
      let found = 0;
      for (let at = from; at < to; at++) if (table.nodeOf(`id ${at}`) === `es${at}:9200`) found++;
      return found;
    };
    assert.equal(kept(count - 200, count), 200);
    assert.ok(kept(0, count) <= bindingsMax);
  });

  it("an entry that a thread has begun to write and not ended is neither read nor written", () => {
    const { words, table } = openTable();
    table.note("a", "es1:9200", 60_000);
    const [at = assert.fail()] = Array.from(words.keys()).filter((word) => words[word] === 2);
    words[at] = 3;
    assert.equal(table.nodeOf("a"), undefined);
    table.note("a", "es2:9200", 60_000);
    assert.deepEqual([table.nodeOf("a"), words[at]], ["es2:9200", 3]);
  });

  it("an address that has no place is not kept, and the longest one is", () => {
    const { table } = openTable();
    table.note("a", `${"x".repeat(260)}:9200`, 60_000);
    table.note("b", `${"x".repeat(253)}:65535`, 60_000);
    assert.deepEqual([table.nodeOf("a"), table.nodeOf("b")?.length], [undefined, 259]);
  });
});
