import assert from "node:assert/strict";
import { it } from "node:test";
import { KnownTargets } from "./known-targets.js";

it("a path is checked and classified once, and each method has its own", () => {
  const targets = new KnownTargets();
  const path = "/logs/_search";
  const first = targets.of("POST", { method: "POST", path });
  assert.deepEqual([first.path, first.known.class], [path, "read"]);
  assert.equal(targets.of("POST", { method: "POST", path: ["/logs", "_search"].join("/") }), first);
  assert.equal(targets.of("DELETE", { method: "DELETE", path }).known.class, "never");
});

it("a query is part of its request alone", () => {
  const targets = new KnownTargets();
  const scrolled = { method: "POST", path: "/logs/_search", query: { scroll: "1m" } } as const;
  for (let times = 0; times < 2; times++) {
    assert.equal(targets.of("POST", { method: "POST", path: "/logs/_search" }).known.reroutable, true);
    const { path, known } = targets.of("POST", scrolled);
    assert.deepEqual([path, known.reroutable], ["/logs/_search?scroll=1m", false]);
  }
});

it("a path that cannot be sent is refused each time", () => {
  const targets = new KnownTargets();
  for (const path of ["/logs/_se arch", "logs", undefined as never]) {
    for (let times = 0; times < 2; times++) {
      assert.throws(() => targets.of("POST", { method: "POST", path }), /request\.path must begin with a slash/);
    }
  }
});

it("paths of single documents, long ones and the oldest of very many are not kept", () => {
  const targets = new KnownTargets();
  const isKept = (method: string, path: string) => {
    const request = { method, path } as const;
    const first = targets.of(method, request as never);
    return first === targets.of(method, request as never);
  };
  assert.equal(isKept("GET", "/logs/_doc/1"), false);
  assert.equal(isKept("POST", `/${"i".repeat(200)}/_search`), false);
  const search = { method: "POST", path: "/logs/_search" } as const;
  const first = targets.of("POST", search);
  for (let at = 0; at < 300; at++) assert.equal(isKept("POST", `/logs-${at}/_search`), true);
  assert.notEqual(targets.of("POST", search), first);
});
