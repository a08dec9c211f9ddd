import assert from "node:assert/strict";
import { it } from "node:test";
import { seededRandom } from "@rollcall/testing";
import { addressOf, type NodeRecord, nodeKey } from "../view/node-record.js";
import {
  adoptedNodes,
  type Discovery,
  type DiscoveryEvent,
  emptyDiscovery,
  isFirstList,
  type LocalScope,
  nextDiscovery,
  nodesToSniff,
  wantedNodes,
} from "./discovery.js";

/** `id@host`, at port 9200. */
function node(text: string): NodeRecord {
  const [id = "", host = ""] = text.split("@");
  return { id, host, port: 9200 };
}

function nodes(text: string): readonly NodeRecord[] {
  return text === "" ? [] : text.split(" ").map(node);
}

const written = (records: readonly NodeRecord[]) => records.map(({ id, host }) => `${id}@${host}`).join(" ");
const keys = (text: string) => nodes(text).map(nodeKey);
const sniffed = (text: string, given: Partial<Extract<DiscoveryEvent, { type: "sniffed" }>> = {}): DiscoveryEvent => {
  return {
    type: "sniffed",
    nodes: nodes(text),
    complete: true,
    answeredBy: "a",
    listedBy: "sniff",
    seeds: [],
    ...given,
  };
};
const scope: LocalScope = { seeds: nodes("@a @b"), discovers: true, refusal: () => undefined, isSettled: true };

/** The wanted nodes after all events, one a second, and the effects of the last. */
function play(...events: readonly DiscoveryEvent[]) {
  let discovery: Discovery = emptyDiscovery;
  let effects: readonly string[] = [];
  events.forEach((event, second) => {
    const [next, produced] = nextDiscovery(discovery, event, second * 1_000);
    discovery = next;
    effects = produced.flatMap((effect) => (effect.type === "held" && effect.reason === undefined ? [] : effect.type));
  });
  return { discovery, effects, wanted: written(wantedNodes(discovery, scope).nodes) };
}

it("the configured nodes are wanted until a listed node is verified, and the listed nodes beside them", () => {
  assert.equal(play().wanted, "@a @b");
  assert.deepEqual(play(sniffed("1@a 3@c")).wanted, "1@a @b 3@c");
  const unverified = play(sniffed("1@a 3@c"), { type: "verified", keys: keys("@b") });
  assert.deepEqual([unverified.wanted, unverified.effects], ["1@a @b 3@c", []]);
  const verified = play(sniffed("1@a 3@c"), { type: "verified", keys: keys("3@c") });
  assert.deepEqual([verified.wanted, verified.effects], ["1@a 3@c", ["changed"]]);
});

it("another cluster makes the configured nodes the wanted ones again", () => {
  const { wanted, effects } = play(sniffed("1@a"), { type: "verified", keys: keys("1@a") }, { type: "replaced" });
  assert.deepEqual([wanted, effects], ["@a @b", ["changed"]]);
});

it("a sniff reports a change, or once that a node begins to be missing, or that it is held, or nothing", () => {
  const four = sniffed("1@a 2@b 3@c 4@d");
  assert.deepEqual(play(four).effects, ["changed"]);
  assert.deepEqual(play(four, four).effects, []);
  assert.deepEqual(play(four, sniffed("1@a 2@b 3@c")).effects, ["missing"]);
  assert.deepEqual(play(four, sniffed("1@a 2@b 3@c"), sniffed("1@a 2@b 3@c")).effects, []);
  assert.deepEqual(play(four, sniffed("1@a")).effects, ["held", "missing"]);
  assert.deepEqual(play(four, sniffed("")), { ...play(four), effects: [] });
});

it("a listed node that is a configured one under another spelling keeps the configured address", () => {
  const seeds = [{ host: "es1", port: 9200, addresses: ["10.0.0.1"] }];
  assert.equal(
    written(play(sniffed("1@10.0.0.1", { seeds })).discovery.membership.members.map((m) => m.node)),
    "1@es1",
  );
});

it("nodes that wait for a later portion of the first list are of the first list, and those of the next list are not", () => {
  const many = Array.from({ length: 600 }, (_, at) => `${at}@n${at}`);
  const first = sniffed(many.join(" "));
  const later = sniffed([...many, "new@n600"].join(" "));
  const verified: DiscoveryEvent = { type: "verified", keys: keys("0@n0") };
  const isFirst = (...events: readonly DiscoveryEvent[]) => isFirstList(play(first, verified, ...events).discovery);
  assert.deepEqual([isFirst(), isFirst(first), isFirst(first, first)], [true, true, true]);
  assert.deepEqual([isFirst(first, first, later), isFirst(first, first, first, later)], [false, false]);
  const inherited: DiscoveryEvent = { type: "inherited", nodes: nodes("1@a"), source: "sniff", marks: {} };
  assert.equal(isFirstList(play(inherited, sniffed("1@a 2@b")).discovery), false);
});

it("a listed node that the configuration refuses is not wanted; an inherited one stays while that is not final", () => {
  const inherited: DiscoveryEvent = { type: "inherited", nodes: nodes("1@a 3@c"), source: "sniff", marks: {} };
  const { discovery } = play(inherited, sniffed("1@a 3@c 4@d"));
  const refusal = ({ host }: NodeRecord) => (host === "a" ? undefined : `no ${host}`);
  const decide = (isSettled: boolean) => {
    const { nodes, refused } = wantedNodes(discovery, { ...scope, refusal, isSettled });
    return [written(nodes), refused.map(({ reason }) => reason)];
  };
  assert.deepEqual(decide(false), ["1@a 3@c", ["no d"]]);
  assert.deepEqual(decide(true), ["1@a", ["no c", "no d"]]);
});

it("an inherited view continues with its listed nodes, without those that drain", () => {
  const view = { type: "inherited", source: "sniff", nodes: nodes("1@a 3@c @b") } as const;
  const draining = { "3@c:9200": { kind: "draining" } } as const;
  assert.equal(play({ ...view, marks: {} }).wanted, "1@a 3@c");
  assert.equal(play({ ...view, marks: draining }).wanted, "1@a");
  assert.equal(play({ ...view, nodes: nodes("@b"), marks: {} }).wanted, "@a @b", "with no listed node, the seeds");
});

it("of another process's view, its configured nodes are not adopted, nor with discovery: false the listed ones", () => {
  const view = nodes("1@a @b @x 3@c 4@d");
  const refusal = ({ host }: NodeRecord) => (host === "d" ? "refused" : undefined);
  const adopted = (given: Partial<LocalScope>) => written(adoptedNodes(view, { ...scope, refusal, ...given }));
  assert.equal(adopted({}), "1@a @b 3@c");
  assert.equal(adopted({ isSettled: false }), "1@a @b 3@c 4@d");
  assert.equal(adopted({ discovers: false }), "@b");
});

it("a sniff asks up to four nodes: those that are well first, and always a configured one", () => {
  const well = nodes("1@a 3@c 4@d 5@e 6@f");
  for (let seed = 1; seed <= 20; seed++) {
    const asked = nodesToSniff(well, scope.seeds, seededRandom(seed)).map(addressOf);
    assert.equal(new Set(asked).size, 4);
    assert.equal(asked[3], "b:9200");
  }
  assert.deepEqual(nodesToSniff([], scope.seeds, () => 0).map(addressOf), ["a:9200", "b:9200"]);
});

it("looked-up nodes are the source once one is verified, and one resolver confirms its answers by itself", () => {
  const lookedUp = (text: string, given = {}) => sniffed(text, { listedBy: "dns", answeredBy: "resolver", ...given });
  const [all, two] = ["1@a 2@b 3@c", "1@a 2@b"];
  const verified: DiscoveryEvent = { type: "verified", keys: keys("1@a") };
  assert.equal(play(lookedUp(all), verified).discovery.source, "dns");
  const gap = Array.from({ length: 5 }, () => verified);
  const start = [lookedUp(all), verified];
  assert.equal(play(...start, lookedUp(two), ...gap, lookedUp(two)).wanted, two);
  assert.equal(play(...start, lookedUp(two), ...gap, lookedUp(all)).wanted, all);
  assert.equal(play(...start, lookedUp(two), ...gap, lookedUp(two, { complete: false })).wanted, all);
  assert.equal(play(...start, ...[1, 2, 3].flatMap(() => [lookedUp(""), ...gap])).wanted, all);
  // More than half: for 30 s.
  const half = [lookedUp("1@a"), ...gap, lookedUp("1@a"), ...gap, lookedUp("1@a")];
  assert.equal(play(...start, ...half).wanted, all);
  assert.equal(play(...start, ...half, ...gap, ...gap, ...gap, ...gap, lookedUp("1@a")).wanted, "1@a");
});

it("a sniff after a lookup, as with a leader of other options, changes the source", () => {
  const verified: DiscoveryEvent = { type: "verified", keys: keys("1@a") };
  const { discovery, effects } = play(sniffed("1@a", { listedBy: "dns" }), verified, sniffed("1@a"));
  assert.deepEqual([discovery.source, effects], ["sniff", ["changed"]]);
});

it("the same records again change nothing and are not looked at, until something else has changed", () => {
  const records = nodes("1@a 2@b");
  const again = sniffed("", { nodes: records });
  const first = [sniffed("", { nodes: records }), { type: "verified", keys: keys("2@b") } as const, again, again];
  const { discovery } = play(...first);
  const [same, effects] = nextDiscovery(discovery, again, 9_000);
  assert.equal(same, discovery);
  assert.deepEqual(effects, [{ type: "held", reason: undefined }]);
  const seeds = [{ host: "es1", port: 9200, addresses: ["a"] }];
  assert.notEqual(nextDiscovery(discovery, sniffed("", { nodes: records, seeds }), 9_000)[0], discovery);
  const [missed] = nextDiscovery(discovery, sniffed("1@a"), 9_000);
  const [back] = nextDiscovery(missed, again, 10_000);
  assert.deepEqual(written(wantedNodes(back, scope).nodes), "1@a 2@b");
  assert.ok(back.membership.members.every(({ state }) => state === "present"));
});
