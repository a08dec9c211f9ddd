import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { isRunning, type OwnedProcess, own } from "../support/child-processes.js";
import { startFixtureCluster } from "../support/fixture/index.js";
import { waitUntil } from "../support/wait-until.js";

const program = fileURLToPath(new URL("../../../demo/dist/main.js", import.meta.url));
const run = promisify(execFile);

// The demo has limits of its own; how long a busy machine makes of them is not under test.
const patient = { timeoutMs: 200_000, everyMs: 200 };

describe("the demo in a pipe", () => {
  it("kills a node, brings it back, loses no search, says so, and leaves no process behind", async () => {
    const demo = await startDemo(["--fixture", "--seconds", "20"]);
    try {
      const nodes = new Set<number>();
      await waitUntil(
        "the demo has ended",
        async () => {
          for (const pid of await childrenOf(demo.process.pid)) nodes.add(pid);
          return !demo.process.alive;
        },
        patient,
      );

      const output = await demo.output();
      assert.equal((await demo.process.gone).code, 0, output);
      const summary = /^([\d,]+) searches, 0 failed, slowest \d+\.\d\d s, .*n2 down [\d.]+-[\d.]+ s.*, \d+ sniffs$/m;
      const searches = Number(summary.exec(output)?.[1]?.replaceAll(",", ""));
      assert.ok(searches > 100, output);
      const order = ["searches begin", "killing n2", "-> down", "starting n2 again", "n2: down -> ramp", "No caller"];
      const places = order.map((text) => output.indexOf(text));
      assert.ok(!places.includes(-1), output);
      assert.deepEqual(
        places,
        [...places].sort((a, b) => a - b),
        output,
      );
      assert.ok(!output.includes("\u001b"), "what moves a cursor belongs to a terminal");

      assert.ok(nodes.size >= 4, "three nodes, and one of them twice, should have been seen");
      await waitUntil("every node has ended", () => ![...nodes].some(isRunning));
    } finally {
      await demo.process.kill();
    }
  });

  it("ends with the summary, and without its nodes, when it is interrupted", async () => {
    const demo = await startDemo(["--fixture"]);
    try {
      await demo.says("searches begin");
      const nodes = await childrenOf(demo.process.pid);
      assert.equal(nodes.length, 3);
      demo.process.child.kill("SIGINT");
      await waitUntil("the demo has ended", () => !demo.process.alive, patient);

      const output = await demo.output();
      assert.equal((await demo.process.gone).code, 0, output);
      assert.match(output, /^[\d,]+ searches, 0 failed/m);
      assert.doesNotMatch(output, /killing/);
      await waitUntil("every node has ended", () => !nodes.some(isRunning));
    } finally {
      await demo.process.kill();
    }
  });

  it("only reads a cluster that it is given, with the user it is given, and tells nobody the password", async () => {
    const user = { username: "reader", password: "open-sesame" };
    await using cluster = await startFixtureCluster({ nodes: 2, users: [user] });
    const demo = await startDemo(["--nodes", cluster.urls.join(",")], {
      ROLLCALL_USERNAME: user.username,
      ROLLCALL_PASSWORD: user.password,
    });
    try {
      await demo.says("searches begin");
      await waitUntil("searches have come", async () => (await cluster.stats()).requests.other > 5, patient);
      demo.process.child.kill("SIGINT");
      await waitUntil("the demo has ended", () => !demo.process.alive, patient);

      const output = await demo.output();
      assert.equal((await demo.process.gone).code, 0, output);
      assert.match(output, /nothing is written[\s\S]*POST \/_search\?size=1[\s\S]*searches begin/);
      assert.match(output, /^[\d,]+ searches, 0 failed/m);
      assert.ok(!output.includes(user.password));
      const { commits, users } = await cluster.stats();
      assert.equal(commits, 0);
      assert.deepEqual([...users], [user.username]);
      assert.ok(cluster.nodes.every(({ pid }) => isRunning(pid)));
    } finally {
      await demo.process.kill();
    }
  });

  it("ends with 1 and names the failures when searches fail", async () => {
    await using cluster = await startFixtureCluster({
      nodes: 1,
      faults: { requests: [{ kind: "reply", status: 403, on: { kind: "other" } }] },
    });
    const demo = await startDemo(["--nodes", cluster.urls.join(",")]);
    try {
      await demo.says("searches begin");
      await waitUntil("searches have come", async () => (await cluster.stats()).requests.other > 5, patient);
      demo.process.child.kill("SIGINT");
      await waitUntil("the demo has ended", () => !demo.process.alive, patient);
      const output = await demo.output();
      assert.equal((await demo.process.gone).code, 1, output);
      assert.equal(output.match(/failed: STATUS: .* 403/g)?.length, 3, output);
    } finally {
      await demo.process.kill();
    }
  });

  it("refuses options that it does not know, with 2", async () => {
    const demo = await startDemo(["--fixtures"]);
    assert.equal((await demo.process.gone).code, 2);
    assert.match(await demo.output(), /--fixtures/);
  });
});

interface Demo {
  readonly process: OwnedProcess;
  /** Resolves once the text is in what it has said; rejects if it ends without. */
  says(text: string): Promise<void>;
  /** All it has said, once it has ended. */
  output(): Promise<string>;
}

async function startDemo(parameters: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Demo> {
  const child = spawn(process.execPath, [program, ...parameters], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...env },
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8");
    stream.on("data", (text: string) => {
      said += text;
    });
  }
  const demo = await own(child);
  return {
    process: demo,
    async says(text) {
      await waitUntil(
        `the demo says "${text}"`,
        () => {
          if (!demo.alive) throw new Error(`the demo ended without saying "${text}":\n${said}`);
          return said.includes(text);
        },
        patient,
      );
    },
    async output() {
      await demo.gone;
      return said;
    },
  };
}

/** The ids of a process's own children: of the demo, its nodes. */
async function childrenOf(parent: number): Promise<number[]> {
  const { stdout } = await run("ps", ["-A", "-o", "pid=,ppid="]);
  return stdout
    .split("\n")
    .map((line) => line.trim().split(/\s+/).map(Number))
    .flatMap(([pid, ppid]) => (pid !== undefined && ppid === parent ? [pid] : []));
}
