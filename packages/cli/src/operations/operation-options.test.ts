import assert from "node:assert/strict";
import { it } from "node:test";
import type { RollcallError } from "@rollcall/core";
import type { OperationKind } from "@rollcall/core/view";
import { type OperationFlags, readOperation } from "./operation-options.js";

const place = { redis: "redis://r", name: "logs" };
const read = (kind: OperationKind, node: string | undefined, flags: OperationFlags = {}) =>
  readOperation(kind, node, { ...place, ...flags });
const problemOf = (...given: Parameters<typeof read>) =>
  read(...given).then(
    () => "none",
    (error: RollcallError) => error.message,
  );

it("a drain is read with its times, and has a default for each", async () => {
  const { request, waitMs } = await read("drain", "es2", { for: "90s", reason: "restart", force: true, wait: "2m" });
  const { id, by, ...rest } = request(7);
  assert.deepEqual(rest, { kind: "drain", node: "es2", forMs: 90_000, force: true, reason: "restart", atMs: 7 });
  assert.equal(waitMs, 120_000);
  assert.match(by, /^.+@.+$/);
  assert.equal(request(8).id, id, "it is repeated with one id");
  const plain = await read("drain", "es2", { wait: true });
  assert.deepEqual(plain.request(0), { ...plain.request(0), forMs: 3_600_000, force: false, reason: "" });
  assert.deepEqual([plain.waitMs, (await read("drain", "es2")).waitMs], [300_000, undefined]);
});

it("each other operation is read with what it takes", async () => {
  assert.deepEqual(Object.keys((await read("resume", undefined)).request(0)).sort(), [
    "atMs",
    "by",
    "id",
    "kind",
    "reason",
  ]);
  const pause = (await read("pause", undefined, { for: "1d" })).request(0);
  assert.ok(pause.kind === "pause" && pause.forMs === 86_400_000);
  const unmark = (await read("unmark", "es1")).request(0);
  assert.ok(unmark.kind === "unmark" && unmark.node === "es1");
});

it("every wrong value is named with what is allowed, all of them at once", async () => {
  const problem = await problemOf("drain", "", { for: "8d", wait: "soon", reason: "x".repeat(201), name: "" });
  assert.deepEqual(problem.split("\n"), [
    "--reason has 201 characters: at most 200",
    "the node must be a name or an address of at most 400 characters",
    '--for = "8d": must be a time such as 90s, 10m, 2h or 1d, from 1 s to 7 d',
    '--wait = "soon": must be a time such as 90s, 10m, 2h or 1d, from 1 s to 1 h',
    problem.split("\n").at(-1),
  ]);
  assert.match(problem, /\n--name is missing: /);
  assert.match(await problemOf("pause", undefined, { for: "25h" }), /from 1 s to 1 d$/);
  for (const text of ["1", "-1s", "1.5h", "0s", "1w", "s"]) {
    assert.match(await problemOf("drain", "es1", { for: text }), /^--for = /, text);
  }
});
