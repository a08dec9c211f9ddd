import assert from "node:assert/strict";
import { it } from "node:test";
import type { ControlClient, ControlResponse, Endpoint } from "@rollcall/coordinator";
import { readAnswers } from "./read-answers.js";

const nowMs = 1_795_892_957_000;

const json = (value: unknown, more: { readonly status?: number; readonly date?: string } = {}): ControlResponse => {
  return { kind: "answered", status: 200, body: Buffer.from(JSON.stringify(value)), ...more };
};

/** The answers to each path, in turn; the last one again and again. */
function reading(answers: Readonly<Record<string, readonly ControlResponse[]>>) {
  const asked: string[] = [];
  const controlClient: ControlClient = {
    request: async (_, { path }) => {
      const [name = ""] = path.split("?");
      const turn = asked.filter((one) => one === name).length;
      asked.push(name);
      const given = answers[name] ?? [];
      return given[Math.min(turn, given.length - 1)] ?? json({}, { status: 404 });
    },
    keepOnly: () => {},
    close: async () => {},
  };
  return readAnswers({} as Endpoint, { controlClient, wallNowMs: () => nowMs });
}

const root = json({ version: { number: "9.0.0" }, tagline: "You Know, for Search" });
const local = (id: string) => json({ nodes: { [id]: { name: "n" } } });

it("the answers of a seed show its product, the node behind it at each connection, and its clock", async () => {
  const health = json([{ epoch: `${nowMs / 1_000 - 40}` }]);
  const answers = { "/": [root], "/_nodes/_local/http": [local("a"), local("b")], "/_cat/health": [health] };
  assert.deepEqual(await reading(answers), {
    ...{ root: { kind: "answered", status: 200 }, local: { kind: "answered", status: 200 }, product: "elasticsearch" },
    ...{ nodeIds: ["a", "b", "b"], clockAheadMs: -40_000 },
  });
});

it("the Date of an answer counts before what the cluster says, and what says nothing is absent", async () => {
  const dated = json({ version: { distribution: "opensearch" } }, { date: new Date(nowMs + 90_000).toUTCString() });
  const { clockAheadMs, product, nodeIds } = await reading({ "/": [dated] });
  assert.deepEqual([clockAheadMs, product, nodeIds], [90_000, "opensearch", []]);
  assert.equal((await reading({ "/": [root] })).clockAheadMs, undefined);
});

it("a seed that refuses the first request is asked for nothing more", async () => {
  const refused = await reading({ "/": [json({}, { status: 401 })], "/_nodes/_local/http": [local("a")] });
  assert.deepEqual(refused, { root: { kind: "answered", status: 401 }, nodeIds: [] });
});
