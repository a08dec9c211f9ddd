import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { pieceMaxBytes } from "@rollcall/core/request";
import { settled } from "@rollcall/testing";
import { LaneBody } from "./lane-body.js";

/** A body of these pieces, each a number of bytes; it ends, or fails where it holds "fails". `posted` is the lane's. */
function openBody(...pieces: readonly (number | "fails")[]) {
  const left = [...pieces];
  const posted: string[] = [];
  const source = {
    hasBegun: false,
    next: async () => {
      const piece = left.shift();
      if (piece === "fails") throw new Error("it failed");
      return piece === undefined ? undefined : new Uint8Array(piece);
    },
    stop: () => {},
  };
  const body = new LaneBody(7, source, {
    postBodyPiece: (id, { length }) => posted.push(`${id}: ${length}`),
    postBodyEnd: (id, isWhole) => posted.push(`${id}: ${isWhole ? "whole" : "broken"}`),
  });
  const read = async (byteLength: number) => {
    body.read(byteLength);
    await settled();
    return posted.splice(0);
  };
  return { body, left, read };
}

describe("the body of a request on its lane", () => {
  it("is taken from its source as far as the thread's credit goes, and not before the first", async () => {
    const { left, read } = openBody(10, 10, 10);
    await settled();
    assert.equal(left.length, 3);
    assert.deepEqual(await read(15), ["7: 10", "7: 10"]);
    assert.deepEqual(await read(4), []);
    assert.deepEqual(await read(2), ["7: 10"]);
    assert.deepEqual(await read(10), ["7: whole"]);
  });

  it("crosses in pieces of a bounded size", async () => {
    const { read } = openBody(2 * pieceMaxBytes + 1);
    assert.deepEqual(await read(1), [`7: ${pieceMaxBytes}`, `7: ${pieceMaxBytes}`, "7: 1"]);
  });

  it("is broken where its source fails, and nothing follows", async () => {
    const { read } = openBody(10, "fails", 10);
    assert.deepEqual(await read(100), ["7: 10", "7: broken"]);
    assert.deepEqual(await read(100), []);
  });

  it("stops where the thread wants no more", async () => {
    const { body, left, read } = openBody(10, 10);
    assert.deepEqual(await read(5), ["7: 10"]);
    body.end();
    assert.deepEqual([await read(100), left.length], [[], 1]);
  });
});
