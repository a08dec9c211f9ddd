import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { describe, it, type TestContext } from "node:test";
import { waitUntil } from "@rollcall/testing";
import type { BodySource } from "./body-source.js";
import {
  endpointOf,
  okAnswer,
  openRig,
  type RigOptions,
  startRawServer,
  summary,
} from "./dispatch-rig.test.support.js";

const refusal = 'HTTP/1.1 401 No\r\ncontent-length: 7\r\n\r\n{"a":1}';
const write = { method: "POST", class: "never", reroutable: false } as const;

/** Two nodes that accept the credential "new". Any other is refused once `release` is called, or at once. */
async function openScene(test: TestContext, { holds = false, ...options }: RigOptions & { holds?: boolean } = {}) {
  const held: Socket[] = [];
  const answer = (socket: Socket, { head }: { readonly head: string }) => {
    if (/^authorization: new$/im.test(head)) socket.write(okAnswer);
    else if (holds) held.push(socket);
    else socket.write(refusal);
  };
  const servers = [await startRawServer(test, answer), await startRawServer(test, answer)];
  const rig = openRig(test, options);
  const use = (authorization: string, renewable: { renewable?: true } = { renewable: true }) =>
    rig.use(...servers.map(({ origin }) => endpointOf(origin, { headers: { authorization }, ...renewable })));
  use("old");
  return {
    ...{ rig, use, held },
    release: () => {
      for (const socket of held.splice(0)) socket.write(refusal);
    },
    sent: () => servers.map(({ requests }) => requests.length),
  };
}

describe("requests that a node refuses with 401", () => {
  it("requests of every class wait for another credential, asked for once a node, and are sent to that node once more", async (test) => {
    const { rig, use, held, release, sent } = await openScene(test, { holds: true });
    const calls = Array.from({ length: 6 }, (_, at) => rig.begin(at % 2 === 0 ? write : {}));
    await waitUntil("all are at their nodes", () => held.length === 6);
    const before = sent();
    release();
    await waitUntil("all have been refused", () => rig.inFlight === 0);
    assert.deepEqual(
      rig.refusals.map(({ slot }) => slot).sort(),
      before[0] === 0 ? [1] : before[1] === 0 ? [0] : [0, 1],
    );
    assert.ok(calls.every(({ settlements }) => settlements === 0));
    use("new");
    for (const { done } of rig.refusals) done();
    for (const { result } of calls) {
      const answered = await result;
      assert.deepEqual(summary(answered), { status: 200, attempts: ["401", "200"] });
      assert.ok(answered.kind === "answered" && new Set(answered.attempts.map(({ node }) => node)).size === 1);
    }
    assert.deepEqual(
      sent(),
      before.map((count) => 2 * count),
    );
    assert.equal(rig.stats().retries, 6);
  });

  it("without another credential the 401 is the answer, collected or as a stream", async (test) => {
    const { rig } = await openScene(test);
    const collected = rig.begin(write);
    const streamed = rig.stream(1_000, write);
    await waitUntil("both nodes or one are asked about", () => rig.refusals.length >= 1 && rig.inFlight === 0);
    await waitUntil("the answer has come", () => {
      for (const { done } of rig.refusals.splice(0)) done();
      return collected.settlements === 1;
    });
    const result = await collected.result;
    assert.ok(result.kind === "answered");
    assert.deepEqual([summary(result), String(result.body)], [{ status: 401, attempts: ["401"] }, '{"a":1}']);
    for (const { done } of rig.refusals.splice(0)) done();
    const { answer, bytes, end } = await streamed;
    assert.deepEqual([answer.status, bytes, end], [401, 7, "whole"]);
  });

  it("a request that was sent with an older credential than the node has now is sent again without asking for one", async (test) => {
    const { rig, use, held, release } = await openScene(test, { holds: true });
    const call = rig.begin(write);
    await waitUntil("it is at its node", () => held.length === 1);
    use("new");
    release();
    assert.deepEqual(summary(await call.result), { status: 200, attempts: ["401", "200"] });
    assert.equal(rig.refusals.length, 0);
  });

  it("a request is sent again once: a second 401 is its answer, and another credential is asked for all the same", async (test) => {
    const { rig, use } = await openScene(test);
    const call = rig.begin(write);
    await waitUntil("it waits", () => rig.refusals.length === 1);
    use("other");
    rig.refusals[0]?.done();
    assert.deepEqual(summary(await call.result), { status: 401, attempts: ["401", "401"] });
    assert.equal(rig.refusals.length, 2);
  });

  it("a 401 is the answer to a request without retries, and another credential is asked for", async (test) => {
    const { rig } = await openScene(test);
    assert.deepEqual(summary(await rig.request({ ...write, maxRetries: 0 })), { status: 401, attempts: ["401"] });
    assert.equal(rig.refusals.length, 1);
  });

  it("a 401 is the answer at once to a fixed credential and to one of the request's own, and nothing is asked for", async (test) => {
    const { rig, use } = await openScene(test);
    const own = await rig.request({ ...write, settings: { hasOwnAuth: true } });
    use("old", {});
    const fixed = await rig.request(write);
    assert.deepEqual([own, fixed].map(summary), Array(2).fill({ status: 401, attempts: ["401"] }));
    assert.equal(rig.refusals.length, 0);
  });

  it("a 401 is the answer where the body has been read from its source, and another credential is asked for", async (test) => {
    const { rig } = await openScene(test);
    const source: BodySource = { hasBegun: true, next: async () => undefined, stop: () => {} };
    const result = await rig.request({ ...write, body: source });
    assert.deepEqual(summary(result), { status: 401, attempts: ["401"] });
    assert.equal(rig.refusals.length, 1);
  });

  it("a request that waits for a credential can be cancelled, and is not sent again afterwards", async (test) => {
    const { rig, use, sent } = await openScene(test);
    const call = rig.begin(write);
    await waitUntil("it waits", () => rig.refusals.length === 1);
    call.pending.cancel("TIMEOUT", "too late");
    assert.deepEqual(summary(await call.result), { code: "TIMEOUT", sent: "maybe", attempts: ["401"] });
    use("new");
    rig.refusals[0]?.done();
    assert.deepEqual([call.settlements, sent().toSorted()], [1, [0, 1]]);
  });

  it("no more requests wait for a credential than may be queued: the 401 is the answer of any more", async (test) => {
    const { rig, use } = await openScene(test, { queueMax: 4, settings: { perNode: 4 } });
    const calls = Array.from({ length: 4 }, () => rig.begin(write));
    await waitUntil("all wait", () => rig.inFlight === 0 && rig.refusals.length > 0);
    assert.deepEqual(summary(await rig.request(write)), { status: 401, attempts: ["401"] });
    use("new");
    for (const { done } of rig.refusals) done();
    for (const { result } of calls) assert.deepEqual(summary(await result), { status: 200, attempts: ["401", "200"] });
  });
});
