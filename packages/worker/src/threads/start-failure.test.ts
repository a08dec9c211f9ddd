import assert from "node:assert/strict";
import { it } from "node:test";
import { describeThreadEnd } from "./start-failure.js";

function error(message: string, fields: object = {}): Error {
  return Object.assign(new Error(message), { stack: "" }, fields);
}

const missing = "Cannot find module '/app/out/rollcall-thread.js' imported from /app/out/";
const bundled = "its module rollcall-thread.js is not there, as in a bundle: set `threadEntry` (docs/bundlers.md)";

for (const [what, thrown, expected] of [
  [
    "a flag that is missing",
    error("Access to this API has been restricted", { code: "ERR_ACCESS_DENIED", permission: "WorkerThreads" }),
    "Node's permission model denies worker threads: start Node with --allow-worker",
  ],
  [
    "a file that may not be read",
    error("Access", { code: "ERR_ACCESS_DENIED", permission: "FileSystemRead", resource: "/app/x.js" }),
    "Node's permission model denies FileSystemRead of /app/x.js: start Node with what allows it",
  ],
  [
    "a lack of memory",
    error("", { code: "ERR_WORKER_OUT_OF_MEMORY" }),
    "it ran out of memory: raise --max-old-space-size",
  ],
  [
    "a limit of the system",
    error("EAGAIN", { code: "ERR_WORKER_INIT_FAILED" }),
    "the system starts no further thread (EAGAIN): raise its limit",
  ],
  ["a bundle that is an ES module", error(missing, { code: "ERR_MODULE_NOT_FOUND" }), bundled],
  [
    "a bundle whose bundler renames it",
    error("Cannot find module '/_next/380.js'", { code: "MODULE_NOT_FOUND" }),
    bundled,
  ],
  [
    "another module that is missing",
    error("Cannot find package 'otel'", { code: "ERR_MODULE_NOT_FOUND" }),
    "Cannot find package 'otel'",
  ],
  [
    "code that throws",
    error("no token\nat line 2", { stack: "Error: no token\n    at main (file:///app/preload.mjs:3:9)\n    at x" }),
    "no token, at file:///app/preload.mjs:3:9",
  ],
  ["a password in a URL", error("connect redis://ann:secret@redis:6379 failed"), "connect redis://redis:6379 failed"],
  ["control characters", error("\u001b[31mred"), "\ufffd[31mred"],
  ["a value that is no error", "text", "text"],
  ["a value that cannot be read", Object.create(null), "something that cannot be read"],
] as const) {
  it(`the end of a thread is described in one clause: ${what}`, () => {
    assert.equal(describeThreadEnd(thrown), expected);
  });
}

it("the description of a thread's end is short, however long its error", () => {
  assert.equal(describeThreadEnd(error("x".repeat(10_000))).length, 300);
});
