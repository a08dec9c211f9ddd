import assert from "node:assert/strict";
import { it } from "node:test";
import { usersDiffer } from "./users-differ.js";

const [u1, u2] = [
  { username: "u1", password: "a" },
  { username: "u2", password: "b" },
];

it("users differ where two nodes may get different ones, also by the user of nodes that are found later", () => {
  assert.equal(usersDiffer({ seeds: [{ auth: u1 }, { auth: u2 }] }), true);
  assert.equal(usersDiffer({ seeds: [{ auth: u1 }, {}], defaultAuth: u2 }), true);
  assert.equal(usersDiffer({ seeds: [{ auth: u1 }], defaultAuth: u2 }), true);
  assert.equal(usersDiffer({ seeds: [{ auth: { apiKey: "a" } }, { auth: { apiKey: "b" } }] }), true);
  assert.equal(usersDiffer({ seeds: [{ auth: () => u1 }, { auth: () => u1 }] }), true);
});

it("users do not differ without credentials, with one for all, or with one name and several passwords", () => {
  assert.equal(usersDiffer({ seeds: [{}, {}] }), false);
  assert.equal(usersDiffer({ seeds: [{}, {}], defaultAuth: u1 }), false);
  assert.equal(usersDiffer({ seeds: [{ auth: u1 }, {}], defaultAuth: u1 }), false);
  assert.equal(usersDiffer({ seeds: [{ auth: u1 }, { auth: { ...u1, password: "other" } }] }), false);
  assert.equal(usersDiffer({ seeds: [{}, {}], defaultAuth: () => u1 }), false);
});
