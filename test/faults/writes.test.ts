import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { seededRandom, waitUntil } from "@rollcall/testing";
import { type FixtureCluster, nodeAt, type RequestFault, startFixtureCluster } from "@rollcall/testing/fixture";
import { startRedis } from "@rollcall/testing/redis";
import { type Asked, type Replica, startReplica } from "../support/replica/index.js";
import { closeAll, passTime, scenarioTimeout, waitUntilAllUp } from "./support-faults.js";
import { brokenPromise, doneByIndex, newWrite, type Write, writeKinds } from "./support-writes.js";

const users = { kind: "other" } as const;
const slots = 6;
const stormMs = 15_000;
const delayMs = 600;

const faults: readonly RequestFault[] = [
  { kind: "reset", when: "after-commit", on: users, times: 3 },
  { kind: "reset", when: "after-commit", with: "fin", on: users, times: 2 },
  { kind: "reset", when: "before-commit", on: users, times: 3 },
  // A client may take this for a connection that was closed while it was idle.
  { kind: "reset", when: "before-commit", with: "fin", on: { ...users, connection: "kept" }, times: 3 },
  { kind: "reset", when: "after-commit", on: { ...users, connection: "kept" }, times: 3 },
  { kind: "reply", status: 503, on: users, times: 6 },
  { kind: "reply", status: 429, on: users, times: 3 },
  { kind: "delay", ms: delayMs, on: users, times: 4 },
  { kind: "silence", when: "after-commit", on: users, times: 1 },
  { kind: "silence", when: "before-commit", on: users, times: 1 },
  { kind: "cut-body", on: users, times: 2 },
  { kind: "garbage", on: users, times: 1 },
];

/** One node at a time is faulty, loses its connections, or is killed and started again. */
async function storm(cluster: FixtureCluster, random: () => number): Promise<void> {
  const untilMs = performance.now() + stormMs;
  while (performance.now() < untilMs) {
    const node = nodeAt(cluster, Math.floor(random() * cluster.nodes.length));
    const dice = random();
    if (dice < 0.1) {
      await node.kill();
      await passTime(300);
      await node.restart();
    } else if (dice < 0.2) await node.dropConnections();
    else {
      const fault = faults[Math.floor(random() * faults.length)];
      await node.set({ requests: fault === undefined ? [] : [fault] });
    }
    await passTime(100);
  }
}

interface WriteOutcome {
  readonly write: Write;
  readonly outcome: Asked;
}

describe("writes", scenarioTimeout, () => {
  it("under many faults a write is done once, never where it was not sent, and is not lost once answered", async (t) => {
    const seed = Math.floor(Math.random() * 2 ** 32);
    t.diagnostic(`seed ${seed}`);
    const random = seededRandom(seed);
    await using redis = await startRedis();
    await using cluster = await startFixtureCluster();
    const pool = { nodes: [...cluster.urls], redis: redis.url, name: "logs" };
    await using inThreads = await startReplica({ pool: { ...pool, threads: 2 } });
    await using inProcess = await startReplica({ pool: { ...pool, threads: 0 } });
    const replicas = [inThreads, inProcess];
    await waitUntilAllUp(replicas, cluster.nodes);

    let raging = true;
    const all: WriteOutcome[] = [];
    const writeOn = async (replica: Replica, name: string) => {
      for (let number = 0; raging; number++) {
        const kind = writeKinds[number % writeKinds.length] ?? "put";
        const write = newWrite(kind, `${name}-${number}`, 300 + Math.floor(random() * 3_000));
        all.push({ write, outcome: await replica.request(write.request) });
        await passTime(5);
      }
    };
    const writing = replicas.flatMap((replica, at) =>
      Array.from({ length: slots }, (_, slot) => writeOn(replica, `w${at}-${slot}`)),
    );
    await storm(cluster, random);
    await Promise.all(cluster.nodes.map((node) => node.kill()));
    const isUnsent = (outcome: Asked) => "code" in outcome && outcome.sent === "no";
    await waitUntil("some of each kind could not be sent", () =>
      writeKinds.every((kind) => all.some(({ write, outcome }) => write.kind === kind && isUnsent(outcome))),
    );
    await Promise.all(cluster.nodes.map((node) => node.restart()));
    await Promise.all(cluster.nodes.map((node) => node.set({})));
    raging = false;
    await Promise.all(writing);
    await passTime(2 * delayMs); // a write may land after its client has given up

    const done = doneByIndex((await cluster.stats()).documents);
    const broken = all.flatMap(({ write, outcome }) => {
      const counts = done.get(write.index) ?? [];
      const problem = brokenPromise(write, outcome, counts);
      return problem === undefined ? [] : [{ problem, outcome, counts, path: write.request.path }];
    });
    assert.deepEqual(broken, []);
    assert.deepEqual(
      [...done.keys()].filter((index) => !all.some(({ write }) => write.index === index)),
      [],
      "nothing was written that was not requested",
    );

    // Every kind of write met the faults; without that the checks above would prove nothing.
    for (const kind of writeKinds) {
      const these = all.filter(({ write }) => write.kind === kind);
      const count = (is: (outcome: Asked) => boolean) => these.filter(({ outcome }) => is(outcome)).length;
      const answered = count((outcome) => "status" in outcome && outcome.status < 300);
      const maybe = count((outcome) => "code" in outcome && outcome.sent === "maybe");
      const no = count(isUnsent);
      const again = these.filter(({ write }) => Math.max(0, ...(done.get(write.index) ?? [])) > 1).length;
      t.diagnostic(`${kind}: ${answered} answered, ${maybe} maybe, ${no} not sent, ${again} done more than once`);
      assert.ok(answered > 0 && no > 0, kind);
      const isRepeatable = kind === "put" || kind === "bulkById";
      assert.ok(isRepeatable ? again > 0 : maybe > 0, kind);
    }
    await closeAll(replicas);
  });
});
