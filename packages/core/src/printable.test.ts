import assert from "node:assert/strict";
import { it } from "node:test";
import fc from "fast-check";
import { RollcallError } from "./errors.js";
import { silentLogger } from "./logger.js";
import { printable, printableData } from "./printable.js";
import { safeLogger } from "./safe-logger.js";

const hidden = /[\p{C}\p{Zl}\p{Zp}]/u;
const forged = 'es1\n{"level":60,"msg":"forged"}\u001b[31m\u009b\u2028\u202e\u0007';

it("characters that a terminal obeys are replaced, and visible ones stay", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => !hidden.test(printable(text))));
  assert.equal(printable("Knoten-1 (es1:9200) ü 日本"), "Knoten-1 (es1:9200) ü 日本");
});

it("texts in plain data are made printable at every place, and other values stay as they are", () => {
  const error = new Error(forged);
  const data = printableData({ name: forged, list: [{ [forged]: forged }], count: 3, none: null, error });
  assert.ok(!hidden.test(JSON.stringify(data).replaceAll("\\n", "\n")));
  assert.deepEqual([data.count, data.none, data.error], [3, null, error]);
});

it("a log line and its fields have no control characters", () => {
  const lines: string[] = [];
  const warn = (fields: object, message: string) => lines.push(...Object.values(fields), message);
  const logger = safeLogger({ ...silentLogger, warn }, (error) => assert.ifError(error));
  logger.warn({ reason: forged }, `node ${forged} is down`);
  assert.equal(lines.length, 2);
  for (const line of lines) assert.doesNotMatch(line, hidden);
});

it("an error with a foreign text has no control characters; a list of the caller's faults keeps its lines", () => {
  const status = new RollcallError("STATUS", `es1 answered 400 (${forged})`, { status: 400, type: forged });
  assert.doesNotMatch(`${status.message}${status.type}`, hidden);
  assert.equal(new RollcallError("CONFIG", "one\ntwo").message, "one\ntwo");
});
