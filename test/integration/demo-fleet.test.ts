import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { assertInOrder, type Demo, noProcessIsLeftOf, nothingIsLeftOf, startDemo } from "./support-demo.js";

describe("demo with Redis", () => {
  it("the demo with Redis kills a node, Redis and the coordinator, restarts each, loses no search, and says so", async () => {
    await using demo = await startDemo(["--fixture", "--seconds", "15"]);
    await demo.says("searches begin");
    const { code, output } = await demo.ended();
    assert.equal(code, 0, output);
    assertInOrder(output, [
      "searches begin",
      "killing n2",
      "every replica sees n2 down",
      "starting n2 again",
      "every replica searches n2 again",
      ...["Redis", "the coordinator"].flatMap((victim) => [
        `killing ${victim}`,
        "every replica sees that its view is stale",
        `starting ${victim} again`,
        "every replica has a fresh view again",
      ]),
      "killed",
      "answered while the node, Redis or the coordinator was down",
    ]);
    const searches = Number(/^([\d,]+) searches, 0 failed, slowest/m.exec(output)?.[1]?.replaceAll(",", ""));
    assert.ok(searches > 100, output);
    // While each of them was away, the others went on searching.
    for (const victim of ["n2", "Redis", "the coordinator"]) {
      const row = new RegExp(`^ ${victim} +\\d+\\.\\d\\d s +\\d+\\.\\d s +([\\d,]+) +0$`, "m").exec(output);
      assert.ok(Number(row?.[1]?.replaceAll(",", "")) > 10, output);
    }
    assert.match(output, /^The cluster got \d+ sniffs and \d+ probes from 2 replicas with 2 threads each\.$/m);
    for (const replica of ["replica 1", "replica 2"]) {
      const sights = "n1 \\S+ \\d+/s \\| n2 \\S+ \\d+/s \\| n3 \\S+ \\d+/s \\| view (fresh|stale), \\d+\\.\\d s old";
      assert.match(output, new RegExp(`${replica}: .* \\| ${sights}, version \\d+ \\| \\d of 2 threads up to date`));
    }
    const tooWide = output.split("\n").filter((line) => line.length > 80 && !line.includes(" | "));
    assert.deepEqual(tooWide, [], "but for the state of each replica, all fits a terminal");
    assert.ok(!output.includes("\u001b"), "what moves a cursor belongs to a terminal");
    await nothingIsLeftOf(demo);
  });

  it("the demo with Redis ends at once, with all that it has started, when it is interrupted at its start", async () => {
    await using demo = await startDemo(["--fixture"]);
    await demo.says("are starting");
    demo.process.child.kill("SIGINT");
    const { code, output } = await demo.ended();
    assert.equal(code, 130, output);
    assert.doesNotMatch(output, /searches begin/);
    await nothingIsLeftOf(demo);
  });

  it("the demo with Redis ends with 1, and says which, when a process dies that it has not killed", async () => {
    await using demo = await startDemo(["--fixture"]);
    await demo.says("searches begin");
    process.kill(await memberOf(demo, "replica-process"), "SIGKILL");
    const { code, output } = await demo.ended();
    assert.equal(code, 1, output);
    assert.match(output, /given up: replica \d has ended \(SIGKILL\)/);
    await nothingIsLeftOf(demo);
  });

  it("the demo with Redis leaves no process behind even when it is killed itself", async () => {
    await using demo = await startDemo(["--fixture"]);
    await demo.says("searches begin");
    for (const name of ["redis-server", "coordinator", "replica-process", "node-process"]) await memberOf(demo, name);
    await demo.process.kill();
    await noProcessIsLeftOf(demo);
  });
});

/** The id of one process of the demo, by what its command line says. */
async function memberOf(demo: Demo, name: string): Promise<number> {
  const found = (await demo.processes()).find(({ command }) => command.includes(name));
  assert.ok(found, `${name} runs`);
  return found.pid;
}
