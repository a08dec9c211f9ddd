import assert from "node:assert/strict";
import { it } from "node:test";
import { endpointOf } from "./dispatch-rig.test.support.js";
import { NamedNodes } from "./named-nodes.js";
import type { Target } from "./target.js";

const target = (slot: number, address: string, names?: Target["names"]): Target => ({
  ...{ slot, generation: 1, endpoint: endpointOf(`http://${address}`) },
  ...(names === undefined ? {} : { names }),
});

it("a node is found by its address, its name, its id, and its host where that has one node", () => {
  const targets = [
    target(0, "es1:9200", { id: "id1", name: "first", formerAddresses: [] }),
    target(1, "es2:9200", { id: "id2", formerAddresses: [] }),
    target(2, "es2:9201"),
  ];
  const named = new NamedNodes();
  const found = (name: string) => {
    const one = named.find(name, targets);
    return typeof one === "string" ? one : one.slot;
  };
  assert.deepEqual(["es1:9200", "first", "id1", "es1", "ES1:9200", "es2:9201"].map(found), [0, 0, 0, 0, 0, 2]);
  assert.equal(
    found("firts"),
    "no node is called firts (nearest: first); the nodes are first (es1:9200), es2:9200, es2:9201",
  );
});

it("a node that has moved is found by an earlier address, unless another node has that now", () => {
  const moved = target(3, "es1:9300", { id: "id1", formerAddresses: ["es1:9200"] });
  const named = new NamedNodes();
  const slotAt = (targets: readonly Target[]) => {
    const found = named.find("es1:9200", targets);
    return typeof found === "string" ? found : found.slot;
  };
  // A configured address stays in the list when its node has left it.
  assert.equal(slotAt([target(0, "es1:9200"), moved]), 3);
  assert.equal(slotAt([target(0, "es1:9200", { id: "id9", formerAddresses: [] }), moved]), 0);
  assert.equal(slotAt([target(0, "es1:9200")]), 0);
});

it("a node that has left an address, and is still listed there, is found at its new one", () => {
  const left = target(0, "es1:9200", { id: "id1", formerAddresses: [] });
  const now = target(1, "es1:9300", { id: "id1", formerAddresses: [] });
  const named = new NamedNodes();
  assert.equal(named.successorOf(left, [left, now]), now);
  assert.equal(named.successorOf(left, [left, target(2, "es2:9200", { id: "id2", formerAddresses: [] })]), undefined);
});
