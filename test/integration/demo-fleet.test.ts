import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { assertInOrder, nothingIsLeftOf, startDemo } from "./support-demo.js";

describe("the demo in a pipe, with Redis", () => {
  it("kills a node, Redis and the coordinator, brings each back, loses no search, and says so", async () => {
    await using demo = await startDemo(["--fixture", "--seconds", "15"]);
    await demo.says("searches begin");
    const { code, output } = await demo.ended();
    assert.equal(code, 0, output);
    assertInOrder(output, [
      "searches begin",
      "killing n2",
      "every replica knows that n2 is down",
      "starting n2 again",
      "every replica searches n2 again",
      ...["Redis", "the coordinator"].flatMap((victim) => [
        `killing ${victim}`,
        "every replica knows that its view grows old",
        `starting ${victim} again`,
        "every replica has a view that is kept again",
      ]),
      "killed",
      "nobody missed the node, Redis or the coordinator",
    ]);
    const searches = Number(/^([\d,]+) searches, 0 failed, slowest/m.exec(output)?.[1]?.replaceAll(",", ""));
    assert.ok(searches > 100, output);
    // While each of them was away, and being brought back, others searched on.
    for (const victim of ["n2", "Redis", "the coordinator"]) {
      const row = new RegExp(`^ ${victim} +\\d+\\.\\d\\d s +\\d+\\.\\d s +([\\d,]+) +0$`, "m").exec(output);
      assert.ok(Number(row?.[1]?.replaceAll(",", "")) > 10, output);
    }
    assert.match(output, /^\d+ sniffs, \d+ probes: all that 2 replicas with 2 threads each cost the cluster$/m);
    for (const replica of ["replica 1", "replica 2"]) {
      const sights = "n1 \\w+ \\d+/s \\| n2 \\w+ \\d+/s \\| n3 \\w+ \\d+/s \\| view (fresh|stale), \\d+\\.\\d s old";
      assert.match(output, new RegExp(`${replica}: .* \\| ${sights}, version \\d+ \\| thread 0: .* \\| thread 1: `));
    }
    assert.ok(!output.includes("\u001b"), "what moves a cursor belongs to a terminal");
    await nothingIsLeftOf(demo);
  });

  it("ends at once, with all that it has started, when it is interrupted before there is anything to sum up", async () => {
    await using demo = await startDemo(["--fixture"]);
    await demo.says("are starting");
    demo.process.child.kill("SIGINT");
    const { code, output } = await demo.ended();
    assert.equal(code, 130, output);
    assert.doesNotMatch(output, /searches begin/);
    await nothingIsLeftOf(demo);
  });
});
