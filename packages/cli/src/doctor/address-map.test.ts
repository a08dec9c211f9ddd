import assert from "node:assert/strict";
import { it } from "node:test";
import { addressMapText, mapAddresses } from "./address-map.js";
import { foundNode, seedOf, wellAnswers } from "./observations.test.support.js";

const node = (number: number, more = {}) =>
  foundNode({ id: `id${number}`, name: `n${number}`, published: `172.17.0.${number}:9200`, ...more });
const seed = (port: number, nodeIds: readonly string[], more = {}) =>
  seedOf({ host: "localhost", port, answers: { ...wellAnswers, nodeIds }, ...more });
const same = (id: string) => [id, id, id];

it("a published address is paired with the seed that answered as that very node each time", () => {
  const map = mapAddresses([node(1), node(2)], [seed(9_201, same("id1")), seed(9_202, same("id2"))]);
  assert.deepEqual(
    map.map(({ from, to }) => `${from} ${to}`),
    ["172.17.0.1:9200 localhost:9201", "172.17.0.2:9200 localhost:9202"],
  );
});

const uncertain: readonly (readonly [when: string, map: ReturnType<typeof mapAddresses>])[] = [
  ["no seed answered as the node", mapAddresses([node(1)], [seed(9_201, same("id7"))])],
  ["several nodes answered at the seed", mapAddresses([node(1)], [seed(9_201, ["id1", "id2", "id1"])])],
  ["the seed answered only once", mapAddresses([node(1)], [seed(9_201, ["id1"])])],
  ["other nodes publish the same address", mapAddresses([node(1, { sharedBy: 1 })], [seed(9_201, same("id1"))])],
  ["the seed has a path", mapAddresses([node(1)], [seed(9_201, same("id1"), { pathPrefix: "/es" })])],
];
for (const [when, map] of uncertain) {
  it(`a published address is not paired where ${when}`, () =>
    assert.deepEqual(
      map.map(({ to }) => to),
      [undefined],
    ));
}

it("the address map to copy says what is to be filled in", () => {
  assert.deepEqual(addressMapText(mapAddresses([node(1), node(2)], [seed(9_201, same("id1"))])), [
    "discovery: {",
    "  addressMap: {",
    '    "172.17.0.1:9200": "localhost:9201", // n1',
    '    "172.17.0.2:9200": "HOST:PORT", // fill in: where n2 is reached from here',
    "  },",
    "},",
  ]);
});
