import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { decodeHead, decodeMarks, decodeTopology, redisKeys } from "@rollcall/core/view";
import { waitUntil } from "@rollcall/testing";
import { startFixtureCluster } from "@rollcall/testing/fixture";
import { own, startGuard } from "@rollcall/testing/processes";
import { type RedisServer, startRedis } from "@rollcall/testing/redis";

const program = fileURLToPath(new URL("../../../packages/cli/dist/main.js", import.meta.url));
const options = { timeout: 120_000 };

async function startCoordinator(test: TestContext, flags: readonly string[]) {
  const { PATH } = process.env;
  const words = [program, "coordinator", ...flags];
  const child = spawn(process.execPath, words, { env: { PATH }, stdio: ["pipe", "ignore", "pipe"] });
  const coordinator = await own(child);
  const guard = startGuard(coordinator.pid);
  child.once("exit", () => guard.stdin?.end("release\n"));
  test.after(() => coordinator.kill());
  let log = "";
  child.stderr.setEncoding("utf8").on("data", (piece: string) => {
    log += piece;
  });
  const lines = () => log.split("\n").filter((line) => line.startsWith("{"));
  return { ...coordinator, log: () => log, hasLogged: (text: RegExp) => lines().some((line) => text.test(line)) };
}

async function newFolder(test: TestContext): Promise<(name: string, text: string) => Promise<string>> {
  const folder = await mkdtemp(join(tmpdir(), "rollcall-signals-"));
  test.after(() => rm(folder, { recursive: true, force: true }));
  return async (name, text) => {
    const file = join(folder, name);
    await writeFile(file, text);
    return file;
  };
}

/** By Linux: whether a signal was sent to the process that it has not received yet. */
function hasPendingSignals(pid: number): boolean {
  return /^(?:SigPnd|ShdPnd):\s*0*[1-9a-f]/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
}

/** What the view in Redis says: the epoch, and each node's address with its mark. */
async function viewIn({ client }: RedisServer, name: string) {
  const keys = redisKeys(name);
  const [head, topology, marks] = await Promise.all([
    client.getBuffer(keys.head),
    client.getBuffer(keys.topology),
    client.getBuffer(keys.marks),
  ]);
  if (head === null || topology === null || marks === null) return undefined;
  const [read, nodes, marked] = [decodeHead(head), decodeTopology(topology), decodeMarks(marks)];
  assert.ok("value" in read && "value" in nodes && "value" in marked);
  const markOf = new Map(Object.entries(marked.value.nodes).map(([key, { kind }]) => [key.split("@")[1], kind]));
  return {
    epoch: read.value.topology.epoch,
    isReleased: read.value.released === true,
    nodes: nodes.value.nodes.map(({ port }) => `${port} ${markOf.get(`127.0.0.1:${port}`) ?? "healthy"}`),
  };
}

describe("signals of rollcall coordinator", options, () => {
  it("SIGHUP puts other nodes, credentials and certificates into use without a change of leader", async (test) => {
    await using redis = await startRedis();
    await using cluster = await startFixtureCluster({
      nodes: 2,
      tls: true,
      users: [
        { username: "one", password: "geheim-1" },
        { username: "two", password: "geheim-2" },
      ],
    });
    const write = await newFolder(test);
    const [first = "", second = ""] = cluster.urls;
    const [one, two] = [new URL(first).port, new URL(second).port];
    const common = { redis: redis.url, name: "logs", discovery: false };
    const file = await write("c.json", JSON.stringify({ ...common, nodes: [first] }));
    const coordinator = await startCoordinator(test, ["--config", file]);
    const begun = await waitUntil("it leads, and trusts no node", async () => {
      const view = await viewIn(redis, "logs");
      return view?.nodes.join() === `${one} unverified` ? view : undefined;
    });

    await write("c.json", '{ "nodes": "geheim" ');
    coordinator.child.kill("SIGHUP");
    const refused = /"level":50.*read again and is wrong, so the one before stays in use: \S+c\.json: is not JSON/;
    await waitUntil("it says what is wrong", () => coordinator.hasLogged(refused));

    await write("ca.pem", cluster.ca ?? "");
    for (const [name, text] of Object.entries({ one: "geheim-1\n", two: "geheim-2\n" })) await write(name, text);
    const nodes = [
      { url: first, auth: { username: "one", passwordFile: "one" } },
      { url: second, auth: { username: "two", passwordFile: "two" } },
    ];
    await write("c.json", JSON.stringify({ ...common, name: "metrics", nodes, tls: { caFile: "ca.pem" } }));
    coordinator.child.kill("SIGHUP");
    const well = [`${one} healthy`, `${two} healthy`].sort().join();
    const changed = await waitUntil("both nodes are healthy", async () => {
      const view = await viewIn(redis, "logs");
      return view?.nodes
        .map((node) => node.replace("slow-start", "healthy"))
        .sort()
        .join() === well
        ? view
        : undefined;
    });
    assert.equal(changed?.epoch, begun?.epoch, "it has led all the time");
    assert.ok(coordinator.hasLogged(/"level":40.*another name takes a restart of this process/));
    assert.ok(!coordinator.log().includes("geheim"));
    assert.deepEqual(await coordinator.stop(), { code: 0, signal: null });
  });

  it("a second SIGTERM does not keep a leader from giving the lease back", async (test) => {
    await using redis = await startRedis();
    const flags = ["--redis", redis.url, "--name", "logs", "--nodes", "http://127.0.0.1:1"];
    const coordinator = await startCoordinator(test, flags);
    await waitUntil("it leads", async () => (await viewIn(redis, "logs")) !== undefined);
    // While Redis is frozen the lease is on its way back, and the second signal comes before it is there.
    redis.freeze();
    coordinator.child.kill("SIGTERM");
    await waitUntil("it obeys the first", () => coordinator.hasLogged(/no longer leads the view logs: it is closed/));
    coordinator.child.kill("SIGTERM");
    coordinator.child.kill("SIGINT");
    await waitUntil("the signals are there", () => !hasPendingSignals(coordinator.pid));
    redis.thaw();
    assert.deepEqual(await coordinator.gone, { code: 0, signal: null });
    const { lease } = redisKeys("logs");
    assert.deepEqual([await redis.client.exists(lease), (await viewIn(redis, "logs"))?.isReleased], [0, true]);
  });

  it("a SIGTERM while it still reads its files ends it with 0, before it stands for election", async (test) => {
    const write = await newFolder(test);
    const pipe = await write("password", "");
    await rm(pipe);
    execFileSync("mkfifo", [pipe]);
    const flags = ["--redis", "redis://127.0.0.1:1", "--name", "logs", "--nodes", "http://127.0.0.1:1"];
    const coordinator = await startCoordinator(test, [...flags, "--username", "u", "--password-file", pipe]);
    // Opening a pipe for writing waits for its reader.
    const opened = spawn("/bin/sh", ["-c", 'exec 3> "$0"; echo open; read -r line; echo geheim >&3', pipe], {
      stdio: ["pipe", "pipe", "ignore"],
    });
    await own(opened);
    await new Promise((resolve) => opened.stdout.once("data", resolve));
    coordinator.child.kill("SIGTERM");
    opened.stdin.end("\n");
    assert.deepEqual(await coordinator.gone, { code: 0, signal: null });
    assert.equal(coordinator.log(), "");
  });
});
