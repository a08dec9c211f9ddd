import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { describe, it, type TestContext } from "node:test";
import type { Priority } from "@rollcall/core/overload";
import { waitUntil } from "@rollcall/testing";
import { okAnswer, openRig, type RigOptions, startRawServer, summary } from "./dispatch-rig.test.support.js";

/** One node with one connection, which answers when it is asked to; `paths` are those it has got. */
async function busyNode(test: TestContext, options: RigOptions = {}) {
  const held: Socket[] = [];
  const paths: string[] = [];
  const server = await startRawServer(test, (socket, { path }) => {
    held.push(socket);
    paths.push(path);
  });
  const rig = openRig(test, { settings: { perNode: 1 }, queueMax: 2, ...options });
  rig.use(server.origin);
  const first = rig.begin({ path: "/first" });
  await waitUntil("the first is at the node", () => held.length === 1);
  const answerNext = () => held.shift()?.write(okAnswer);
  const answerAll = async (count: number) => {
    for (let answered = 0; answered < count; answered++) {
      await waitUntil("the next is at the node", () => held.length > 0);
      answerNext();
    }
  };
  return { rig, paths, held, first, answerNext, answerAll };
}

const at = (path: string, priority?: Priority) => ({
  path,
  settings: priority === undefined ? undefined : { priority },
});

describe("requests that are refused as they arrive", () => {
  it("the error says what waits and that nothing was sent, and nothing counts against a node", async (test) => {
    const { rig, answerAll } = await busyNode(test);
    for (const path of ["/a", "/b"]) rig.begin({ path });
    const refused = await rig.request({ class: "never", path: "/refused" });
    assert.ok(refused.kind === "failed");
    assert.deepEqual(summary(refused), { code: "QUEUE_FULL", sent: "no", attempts: [] });
    const expected = "2 requests wait, as many as may (`queue.perThread`); nothing was sent";
    assert.equal(refused.error.message, expected);
    assert.deepEqual(rig.totals.ofThreads.refused, { full: 1, late: 0, standing: 0 });
    assert.deepEqual([rig.failures, rig.stats().nodes[0]?.failures, rig.stats().retries], [[], 0, 0]);
    await answerAll(3);
  });

  it("a caller that calls again at once while it is refused does not keep the answers of others away", async (test) => {
    const { rig, first, answerNext, answerAll } = await busyNode(test);
    for (const path of ["/a", "/b"]) rig.begin({ path });
    answerNext();
    let refusals = 0;
    while (first.settlements === 0 && refusals < 1_000_000) {
      if ((await rig.request({ path: "/again" })).kind === "failed") refusals++;
    }
    assert.ok(refusals > 0 && first.settlements === 1, String(refusals));
    await answerAll(2);
  });

  it("one that is cancelled before its refusal is out ends once, as cancelled", async (test) => {
    const { rig, answerAll } = await busyNode(test);
    for (const path of ["/a", "/b"]) rig.begin({ path });
    const refused = rig.begin();
    refused.pending.cancel("ABORTED", "the caller's signal fired");
    assert.equal(summary(await refused.result).code, "ABORTED");
    await new Promise(setImmediate);
    assert.deepEqual([refused.settlements, rig.stats().queued], [1, 2]);
    await answerAll(3);
  });

  it("a write that was handed to a socket by a thread which died waits at the head, whatever waits", async (test) => {
    const { rig, paths, answerAll } = await busyNode(test);
    for (const path of ["/a", "/b"]) rig.begin({ path });
    const sentBefore = rig.begin({ class: "repeatable", sentBefore: 1, path: "/sent-before" });
    await answerAll(4);
    assert.equal((await sentBefore.result).kind, "answered");
    assert.deepEqual(paths, ["/first", "/sent-before", "/a", "/b"]);
  });

  it("a write that a node has refused is sent again, and is not refused here, however full the queue", async (test) => {
    const { rig, paths, held, answerNext, answerAll } = await busyNode(test, { adaptiveTimeoutMs: 30_000 });
    const write = rig.begin({ class: "repeatable", path: "/write" });
    rig.begin({ path: "/a" });
    answerNext();
    await waitUntil("the write is at the node", () => paths.includes("/write") && held.length === 1);
    rig.begin({ path: "/b" });
    assert.equal(summary(await rig.request({ path: "/refused" })).code, "QUEUE_FULL");
    held.shift()?.write("HTTP/1.1 503 Service Unavailable\r\ncontent-length: 2\r\n\r\n{}");
    await answerAll(3);
    const result = await write.result;
    assert.ok(result.kind === "answered" && result.status === 200);
    assert.equal(paths.filter((path) => path === "/write").length, 2);
    assert.deepEqual(rig.totals.ofThreads.refused, { full: 1, late: 0, standing: 0 });
  });

  it("an adaptive queue refuses what would be answered after its deadline, and says about how long it would wait", async (test) => {
    const { rig, answerAll } = await busyNode(test, { queueMax: 100, adaptiveTimeoutMs: 30_000 });
    const measured = Array.from({ length: 12 }, () => rig.request());
    for (let answered = 0; answered < 13; answered++) {
      await answerAll(1);
    }
    await Promise.all(measured);
    const waiting = Array.from({ length: 30 }, () => rig.request());
    const late = await rig.request({ deadlineMs: performance.now() + 1 });
    assert.ok(late.kind === "failed");
    assert.match(late.error.message, /^29 requests wait, about \d+ ms, and this one has \d+ ms; nothing was sent$/);
    assert.deepEqual(rig.totals.ofThreads.refused, { full: 0, late: 1, standing: 0 });
    rig.dispatch.beat();
    const { expectedWaitMs, inFlightMax } = rig.totals.ofThreads;
    assert.ok(expectedWaitMs > 0 && inFlightMax === 1, `${expectedWaitMs} ${inFlightMax}`);
    await answerAll(30);
    await Promise.all(waiting);
  });
});

describe("priorities of requests that wait", () => {
  it("all of a higher priority go first; equals go in order of arrival", async (test) => {
    const { rig, paths, answerAll } = await busyNode(test, { queueMax: 8 });
    const order = [
      at("/l1", "low"),
      at("/n1"),
      at("/h1", "high"),
      at("/l2", "low"),
      at("/n2", "normal"),
      at("/h2", "high"),
    ];
    const all = order.map((one) => rig.request(one));
    await answerAll(7);
    await Promise.all(all);
    assert.deepEqual(paths, ["/first", "/h1", "/h2", "/n1", "/n2", "/l1", "/l2"]);
  });

  it("those of a lower priority take no place from the others: each has the same bound", async (test) => {
    const { rig, answerAll } = await busyNode(test);
    const codeOf = async (priority: Priority) => summary(await rig.request(at("/refused", priority))).code;
    for (const priority of ["low", "low"] as const) rig.begin(at("/a", priority));
    assert.equal(await codeOf("low"), "QUEUE_FULL");
    for (const priority of ["high", "high"] as const) rig.begin(at("/b", priority));
    assert.equal(await codeOf("high"), "QUEUE_FULL");
    assert.equal(await codeOf("normal"), "QUEUE_FULL");
    assert.equal(rig.stats().queued, 4);
    await answerAll(5);
  });
});
