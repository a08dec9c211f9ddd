import assert from "node:assert/strict";
import { it } from "node:test";
import { stripVTControlCharacters } from "node:util";
import { prettyLogger } from "./pretty-logger.js";

function lines(hasColours: boolean): string[] {
  const written: string[] = [];
  const wallNowMs = () => Date.UTC(2026, 10, 28, 18, 59, 59, 700) + new Date().getTimezoneOffset() * 60_000;
  const logger = prettyLogger({ write: (text) => written.push(text), wallNowMs, hasColours });
  logger.warn({ event: "node.down", node: "es2:9200" }, "node es2 is down");
  logger.info({}, "another line");
  logger.debug({}, "a detail");
  return written;
}

it("on a terminal a line has the local time, the level, the text and the event", () => {
  assert.deepEqual(lines(false), [
    "18:59:59.700  warn   node es2 is down  node.down\n",
    "18:59:59.700  info   another line\n",
    "18:59:59.700  debug  a detail\n",
  ]);
});

it("colours are written where they are wanted, and change no word", () => {
  const [coloured = ""] = lines(true);
  assert.ok(coloured.includes("\u001b[33mwarn "));
  assert.equal(stripVTControlCharacters(coloured), lines(false)[0]);
});
