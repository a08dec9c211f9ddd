import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { seededRandom } from "@rollcall/testing";
import { answer, openRig, startRawServer, summary } from "./dispatch-rig.test.support.js";

describe("dispatch: penalties", () => {
  it("a node that refuses requests gets hardly any", async (test) => {
    const ill = await startRawServer(test, (socket) => socket.write("HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n"));
    const [b, c] = [await startRawServer(test, answer), await startRawServer(test, answer)];
    const rig = openRig(test, { random: seededRandom(5) });
    rig.use(ill.origin, b.origin, c.origin);
    const ask = async (requests: number) => {
      const before = ill.requests.length;
      for (let number = 0; number < requests; number++) assert.equal(summary(await rig.request()).status, 200);
      return ill.requests.length - before;
    };
    // Once more where the nodes were not compared yet, or a hiccup of the machine made another look worse for a moment.
    let more: number;
    const endMs = performance.now() + 20_000;
    do more = await ask(600);
    while (more >= 60 && performance.now() < endMs);
    assert.ok(rig.reader.penaltyOf(0) > 1);
    // Not none: explorations reach it now and then, and its penalty fades a little.
    assert.ok(more < 60, `${more} of 600, where a third would be its share`);
  });

  it("a request that times out counts as slow against its node, one that its caller aborts does not", async (test) => {
    const silent = await startRawServer(test, () => {});
    const well = await startRawServer(test, answer);
    const rig = openRig(test, { random: seededRandom(5), settings: { perNode: 64 } });
    rig.use(silent.origin, well.origin);
    const only = (slot: number) => {
      for (const other of [0, 1]) {
        rig.writer.setState(other, { tier: "node", mark: "none", ejected: other !== slot }, undefined);
      }
    };
    only(1);
    let slowestMs = 0;
    for (let number = 0; number < 20; number++) {
      const beganMs = performance.now();
      await rig.request();
      slowestMs = Math.max(slowestMs, performance.now() - beganMs);
    }
    only(0);
    const leave = async (code: "TIMEOUT" | "ABORTED") => {
      const calls = Array.from({ length: 8 }, () => rig.begin());
      await new Promise((resolve) => setTimeout(resolve, 100 + 5 * slowestMs));
      for (const { pending } of calls) pending.cancel(code, "enough");
      await Promise.all(calls.map(({ result }) => result));
      rig.reader.penalties.advance([0, 1], performance.now());
      return rig.reader.penaltyOf(0);
    };
    assert.equal(await leave("ABORTED"), 1);
    assert.ok((await leave("TIMEOUT")) > 2);
  });
});
