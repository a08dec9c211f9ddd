import assert from "node:assert/strict";
import { it } from "node:test";
import { parseClusterConfig } from "@rollcall/core/config";
import { ManualTimers, settled } from "@rollcall/testing";
import { listByDns } from "./dns-list.js";
import type { Lookup } from "./name-cache.js";

const { seeds } = parseClusterConfig({ nodes: ["https://es.test.:9200", "https://b.test", "http://10.0.0.9:9200"] });
const found = (...addresses: string[]) =>
  addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));

it("every address of every name is one node, under the name that led there first, and a number is itself", async () => {
  const lookUp: Lookup = (name, done) => {
    const isFirst = name === "es.test.";
    setImmediate(done, null, isFirst ? found("10.0.0.1", "fd00::1", "10.0.0.9") : found("10.0.0.1"));
  };
  const { nodes, complete, problem } = await listByDns(seeds, lookUp, new ManualTimers());
  assert.deepEqual([complete, problem], [true, undefined]);
  assert.deepEqual(
    nodes.map(({ id, host, port, dnsName }) => [id, host, port, dnsName]),
    [
      ["es.test/10.0.0.1", "10.0.0.1", 9200, "es.test"],
      ["es.test/fd00::1", "fd00::1", 9200, "es.test"],
      ["es.test/10.0.0.9", "10.0.0.9", 9200, "es.test"],
      ["b.test/10.0.0.1", "10.0.0.1", 443, "b.test"],
    ],
  );
});

it("a name that hangs or fails makes the list incomplete, and says why", async () => {
  const timers = new ManualTimers();
  const listing = listByDns(
    seeds,
    (name, done) => name === "b.test" && setImmediate(done, null, found("10.0.0.1")),
    timers,
  );
  await settled();
  timers.advance(10_000);
  const late = await listing;
  assert.deepEqual([late.nodes.length, late.complete, late.problem], [2, false, "es.test: no answer within 10000 ms"]);
  const gone = Object.assign(new Error("gone"), { code: "ENOTFOUND" });
  const failed = await listByDns(seeds, (_name, done) => setImmediate(done, gone, []), timers);
  assert.deepEqual([failed.complete, failed.problem], [false, "es.test: host name does not resolve"]);
  const empty = await listByDns(seeds, (_name, done) => setImmediate(done, null, []), timers);
  assert.equal(empty.problem, "es.test: it has no address");
});
