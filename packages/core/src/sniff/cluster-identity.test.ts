import assert from "node:assert/strict";
import { it } from "node:test";
import {
  type ClusterIdentity,
  judgeIdentity,
  newClusterIdentity,
  nextClusterIdentity,
  pinnedUuidOf,
} from "./cluster-identity.js";

/**
 * Answers to `GET /`, such as `1 u2`: at second 1 a configured node answers as one of the cluster u2. `-` instead of a
 * uuid: as one that has not joined a cluster. A `*` behind: a listed node answers. `0 view u1`: the view of the last
 * leader names u1. Returns the effects with their seconds.
 */
function play(configuredUuid: string | undefined, answers: string): { identity: ClusterIdentity; effects: string } {
  let identity = newClusterIdentity(configuredUuid);
  const effects = answers.split(", ").flatMap((answer) => {
    const [, second = "", view, uuid = "", listed] = /^(\S+) (view )?([^*]+)(\*)?$/.exec(answer) ?? [];
    const isListed = listed !== undefined;
    const proof = judgeIdentity(pinnedUuidOf(identity), uuid === "-" ? "_na_" : uuid);
    const answered = { type: "answered", address: "es1:9200", isSeed: !isListed, isListed, proof } as const;
    const inherited = { type: "inherited", clusterUuid: uuid, clusterName: "logs" } as const;
    const event = view === undefined ? answered : inherited;
    const [next, produced] = nextClusterIdentity(identity, event, Number(second) * 1_000);
    identity = next;
    return produced.map(({ type }) => `${second} ${type}`);
  });
  return { identity, effects: effects.join(", ") };
}

const eachSecond = (from: number, count: number, uuidAt: (second: number) => string) =>
  Array.from({ length: count }, (_, place) => `${from + place} ${uuidAt(from + place)}`).join(", ");

/** A sentence, and below it the answers, behind the configured uuid if there is one, and the effects. */
const stories = `
the first cluster that answers is ours
  0 -, 1 u1, 2 u2, 3 u1  => 1 pinned
a configured cluster is verified only by a node of it, and is never replaced
  configured u1: 0 u2, 30 u2, 60 u2, 90 u2, 91 u1, 100 u2, 130 u2, 160 u2, 190 u2  => 91 pinned
another cluster takes over after a minute in which no other has answered
  0 u1, 1 u2, 31 u2, 60.9 u2, 61 u2, 62 u2  => 0 pinned, 61 replaced, 62 pinned
no other cluster takes over while a node of ours answers
  0 u1, 1 u2, 30 u2, 50 u1*, 70 u2, 100 u2, 129 u2, 130 u2  => 0 pinned, 130 replaced
a minute in which this process did not look does not count
  0 u1, 1 u2, 62 u2, 92 u2, 121 u2, 122 u2  => 0 pinned, 122 replaced
what a view alone has named gives way after 15 s in which only another cluster has answered: the view may be forged
  0 view u1, 1 u2, 8 u2, 15.9 u2, 16 u2, 17 u2  => 16 replaced, 17 pinned
a node of what a view has named, once it has answered, brings the whole minute
  0 view u1, 1 u2, 2 u1*, 3 u2, 18 u2, 40 u2, 62 u2, 63 u2  => 63 replaced
what a node has confirmed before a view names it keeps its whole minute
  0 u1, 1 view u1, 2 u2, 17 u2, 40 u2, 61 u2, 62 u2  => 0 pinned, 62 replaced
no cluster takes over while two others answer
  0 u1, ${eachSecond(1, 200, (second) => (second % 2 === 0 ? "u2" : "u3"))}  => 0 pinned
no cluster takes over by the answers of listed nodes
  0 u1, ${eachSecond(1, 100, () => "u4*")}  => 0 pinned
`;
for (const story of stories.trim().split(/\n(?! )/)) {
  const [, title = "", configuredUuid, answers = "", effects = ""] =
    /^(.*)\n +(?:configured (\S+): )?(.*) {2}=> (.*)$/.exec(story) ?? assert.fail(story);
  it(title, () => assert.equal(play(configuredUuid, answers).effects, effects));
}

it("a verified answer of another cluster, asked before ours was pinned, counts as foreign", () => {
  const { identity } = play(undefined, "0 u1");
  const late = { type: "answered", address: "es2:9200", isSeed: true, isListed: false } as const;
  const [next, effects] = nextClusterIdentity(identity, { ...late, proof: { kind: "verified", uuid: "u2" } }, 1_000);
  assert.deepEqual([effects, next.state === "verified" && next.uuid], [[], "u1"]);
});

it("a seed's name is reported once, and a replacement forgets it", () => {
  const named = { type: "answered", address: "es1:9200", isSeed: true, isListed: false, name: "n1" } as const;
  const proof = { kind: "verified", uuid: "u1" } as const;
  const [first, effects] = nextClusterIdentity(newClusterIdentity(undefined), { ...named, proof }, 0);
  assert.deepEqual(effects, [{ type: "renamed", address: "es1:9200", name: "n1" }, { type: "pinned" }]);
  assert.deepEqual(nextClusterIdentity(first, { ...named, proof }, 1), [first, []]);
  let identity = first;
  for (let ms = 0; ms <= 60_000; ms += 20_000) {
    [identity] = nextClusterIdentity(identity, { ...named, proof: { kind: "foreign", uuid: "u2" } }, ms);
  }
  assert.deepEqual([identity.state, identity.seedNames.size], ["pinned", 0]);
});

it("a view of another cluster than the pinned one is not inherited", () => {
  const view = { type: "inherited", clusterUuid: "u2", clusterName: "logs" } as const;
  const configured = newClusterIdentity("u1");
  assert.deepEqual(nextClusterIdentity(configured, view, 0), [configured, []]);
  const [inherited] = nextClusterIdentity(newClusterIdentity(undefined), view, 0);
  assert.ok(inherited.state === "verified" && inherited.uuid === "u2" && inherited.clusterName === "logs");
});
