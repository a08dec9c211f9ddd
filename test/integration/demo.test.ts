import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { waitUntil } from "@rollcall/testing";
import { startFixtureCluster } from "@rollcall/testing/fixture";
import { isRunning } from "@rollcall/testing/processes";
import { assertInOrder, nothingIsLeftOf, patient, startDemo, withoutRedis } from "./support-demo.js";

describe("demo in one process", () => {
  it("the demo in one process kills a node, restarts it, loses no search, says so, and leaves nothing behind", async () => {
    await using demo = await startDemo(["--fixture", "--seconds", "20"], withoutRedis);
    await demo.says("searches begin");
    assert.equal((await demo.processes()).length, 4, "the demo and three nodes");

    const { code, output } = await demo.ended();
    assert.equal(code, 0, output);
    assert.match(output, /^redis-server not found: .*$/m);
    const summary =
      /^([\d,]+) searches, 0 failed, slowest \d+\.\d\d s, .*n2 down [\d.]+-[\d.]+ s.*\nThe cluster got \d+ sniffs and \d+ probes from the pool\.$/m;
    const searches = Number(summary.exec(output)?.[1]?.replaceAll(",", ""));
    assert.ok(searches > 100, output);
    assertInOrder(output, [
      "searches begin",
      "killing n2",
      "-> down",
      "starting n2 again",
      "n2: down -> slow-start",
      "No caller saw an error",
    ]);
    assert.ok(!output.includes("\u001b"), "what moves a cursor belongs to a terminal");
    await nothingIsLeftOf(demo);
  });

  it("the demo in one process ends with the summary, and without its nodes, when it is interrupted", async () => {
    await using demo = await startDemo(["--fixture"], withoutRedis);
    await demo.says("searches begin");
    demo.process.child.kill("SIGINT");
    const { code, output } = await demo.ended();
    assert.equal(code, 0, output);
    assert.match(output, /^[\d,]+ searches, 0 failed/m);
    assert.doesNotMatch(output, /killing/);
    await nothingIsLeftOf(demo);
  });

  it("the demo only reads a cluster that it is given, with the user it is given, and shows no password", async () => {
    const user = { username: "reader", password: "open-sesame" };
    await using cluster = await startFixtureCluster({ nodes: 2, users: [user] });
    await using demo = await startDemo(["--nodes", cluster.urls.join(",")], {
      ROLLCALL_USERNAME: user.username,
      ROLLCALL_PASSWORD: user.password,
    });
    await demo.says("searches begin");
    await waitUntil("searches have come", async () => (await cluster.stats()).requests.other > 5, patient);
    assert.equal((await demo.processes()).length, 1, "the demo alone");
    demo.process.child.kill("SIGINT");

    const { code, output } = await demo.ended();
    assert.equal(code, 0, output);
    assert.match(output, /it writes nothing[\s\S]*POST \/_search\?size=1[\s\S]*searches begin/);
    assert.match(output, /^[\d,]+ searches, 0 failed/m);
    assert.ok(!output.includes(user.password));
    const { commits, users } = await cluster.stats();
    assert.equal(commits, 0);
    assert.deepEqual([...users], [user.username]);
    assert.ok(cluster.nodes.every(({ pid }) => isRunning(pid)));
  });

  it("the demo in one process ends with 1 and names the failures when searches fail", async () => {
    await using cluster = await startFixtureCluster({
      nodes: 1,
      faults: { requests: [{ kind: "reply", status: 403, on: { kind: "other" } }] },
    });
    await using demo = await startDemo(["--nodes", cluster.urls.join(",")]);
    await demo.says("searches begin");
    await waitUntil("searches have come", async () => (await cluster.stats()).requests.other > 5, patient);
    demo.process.child.kill("SIGINT");
    const { code, output } = await demo.ended();
    assert.equal(code, 1, output);
    assert.equal(output.match(/failed: STATUS: .* 403/g)?.length, 3, output);
  });

  it("the demo ends with 2 where it does not recognise an option", async () => {
    await using demo = await startDemo(["--fixtures"]);
    const { code, output } = await demo.ended();
    assert.equal(code, 2);
    assert.match(output, /--fixtures/);
  });
});
