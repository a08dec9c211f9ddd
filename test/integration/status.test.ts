import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { createRedisStore, systemTimers } from "@rollcall/coordinator";
import { silentLogger } from "@rollcall/core";
import { freePort, waitUntil } from "@rollcall/testing";
import { startFixtureCluster } from "@rollcall/testing/fixture";
import { own } from "@rollcall/testing/processes";
import { startRedis } from "@rollcall/testing/redis";

// The tests run from test/dist/integration.
const program = fileURLToPath(new URL("../../../packages/cli/dist/main.js", import.meta.url));
const options = { timeout: 240_000 };
const viewName = "logs";
/** For conditions that a process of its own looks at: to start one costs more than all that it sees. */
const seldom = { everyMs: 500 } as const;

interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function start(words: readonly string[], env: NodeJS.ProcessEnv): ChildProcess {
  const { PATH } = process.env;
  // It is asked again and again: what has not answered by then has by the next time.
  const variables = { PATH, ROLLCALL_NAME: viewName, ROLLCALL_WAIT: "400", ...env };
  return spawn(process.execPath, [program, ...words], { env: variables });
}

async function rollcall(words: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Run> {
  const child = start(words, env);
  const owned = await own(child);
  assert.ok(child.stdout !== null && child.stderr !== null);
  const [stdout, stderr, { code }] = await Promise.all([text(child.stdout), text(child.stderr), owned.gone]);
  return { code, stdout, stderr };
}

/** A process of `rollcall coordinator`. Disposed of, it is gone. */
async function startCoordinator(env: NodeJS.ProcessEnv) {
  const child = start(["coordinator"], env);
  let log = "";
  child.stderr?.on("data", (piece: Buffer) => {
    log += piece.toString();
  });
  const owned = await own(child);
  return {
    pid: owned.pid,
    log: () => log,
    stop: () => owned.stop(),
    kill: () => owned.kill(),
    pause: () => owned.pause(),
    [Symbol.asyncDispose]: async () => {
      await owned.kill();
    },
  };
}

/** The fields of the JSON that these tests read. */
interface Status {
  readonly state: string;
  readonly summary: string;
  readonly warnings: readonly string[];
  readonly view: null | {
    readonly source: string;
    readonly clusterUuid: string;
    readonly leader: { readonly host: string | null; readonly pid: number | null };
  };
  readonly nodes: readonly {
    readonly name: string;
    readonly state: string;
    readonly reason: string | null;
    readonly down: null | { readonly failedProbes: number };
  }[];
  readonly replicas: readonly {
    readonly pid: number;
    readonly role: string;
    readonly isLeading: boolean;
    readonly condition: string;
  }[];
}

async function statusOf(env: NodeJS.ProcessEnv): Promise<Status & { readonly code: number | null }> {
  const { code, stdout, stderr } = await rollcall(["status", "--json"], env);
  assert.equal(stderr, "");
  return { ...(JSON.parse(stdout) as Status), code };
}

describe("coordinator and status", options, () => {
  it("rollcall status shows the view of rollcall coordinator, and a node that dies", async () => {
    await using redis = await startRedis();
    await using cluster = await startFixtureCluster({ nodes: 3 });
    const env = { ROLLCALL_REDIS: redis.url, ROLLCALL_NODES: cluster.urls.join(",") };
    const none = await rollcall(["status"], env);
    assert.equal(none.code, 2, none.stderr);
    assert.match(none.stdout, /none {8}There is no view logs in redis:/);

    await using first = await startCoordinator(env);
    await waitUntil(
      "the cluster's list is published",
      async () => {
        const { view } = await statusOf(env);
        return view?.source === "sniff" && view.leader.pid === first.pid;
      },
      seldom,
    );
    assert.match(first.log(), /is a candidate to lead the view logs of http:/);
    for (const line of first.log().trim().split("\n")) assert.doesNotThrow(() => JSON.parse(line), line);

    await using second = await startCoordinator(env);
    const both = await waitUntil(
      "both have answered",
      async () => {
        const status = await statusOf(env);
        return status.replicas.length === 2 && status.replicas.every(({ condition }) => condition === "well")
          ? status
          : undefined;
      },
      seldom,
    );
    assert.ok(both !== undefined);
    assert.deepEqual(
      [both.code, both.state, both.view?.clusterUuid, both.nodes.map(({ name, state }) => `${name} ${state}`)],
      [0, "fresh", cluster.uuid, ["n1 healthy", "n2 healthy", "n3 healthy"]],
    );
    assert.deepEqual(
      new Set(both.replicas.map(({ pid, role, isLeading }) => `${pid} ${role} ${isLeading}`)),
      new Set([`${first.pid} coordinator true`, `${second.pid} coordinator false`]),
    );

    await cluster.nodes[1]?.kill();
    await waitUntil(
      "the dead node is marked, with the evidence",
      async () => {
        const { nodes } = await statusOf(env);
        return nodes[0]?.name === "n2" && nodes[0].state === "down" && (nodes[0].down?.failedProbes ?? 0) > 0;
      },
      seldom,
    );
    const shown = await rollcall(["status"], env);
    assert.equal(shown.code, 1);
    assert.match(shown.stdout, /\n {2}degraded {4}down: n2\n/);
    assert.equal((await rollcall(["status", "--fail-on", "view,no-node"], env)).code, 0);
    assert.match(shown.stdout, /\n {2}down {8}n2 .*\n {14}for \S+ s: connection refused.*\n {14}\d failed probes/);
    const line = [first, second].flatMap(({ log }) => log().split("\n")).find((one) => one.includes('"node.down"'));
    const { event, view, replica, node, nodeName, reason } = JSON.parse(line ?? "{}") as Record<string, unknown>;
    const killed = new URL(cluster.urls[1] ?? "").host;
    assert.deepEqual(
      [event, view, node, nodeName, reason],
      ["node.down", viewName, killed, "n2", "connection refused"],
    );
    assert.match(String(replica), /^[\da-f-]{36}$/);
  });

  it("a leader that gets SIGTERM hands its lease over at once, and ends with 0", async () => {
    await using redis = await startRedis();
    await using cluster = await startFixtureCluster({ nodes: 1 });
    const env = { ROLLCALL_REDIS: redis.url, ROLLCALL_NODES: cluster.urls.join(",") };
    const leaderIs = async (pid: number) => (await statusOf(env)).view?.leader.pid === pid;
    await using first = await startCoordinator(env);
    await waitUntil("the first leads", () => leaderIs(first.pid), seldom);
    await using second = await startCoordinator(env);
    await waitUntil("the second is there", async () => (await statusOf(env)).replicas.length === 2, seldom);

    assert.deepEqual(await first.stop(), { code: 0, signal: null });
    await waitUntil("the second leads", () => leaderIs(second.pid), seldom);
    assert.deepEqual(await second.stop(), { code: 0, signal: null });
    assert.equal(await redis.client.exists(`{rollcall:${viewName}}:lease`), 0, "the lease is given back");
    const { code, state } = await statusOf(env);
    assert.deepEqual([code, state], [2, "released"]);
  });

  it("rollcall status says by its age that a view has no leader", async () => {
    await using redis = await startRedis();
    await using cluster = await startFixtureCluster({ nodes: 1 });
    const env = { ROLLCALL_REDIS: redis.url, ROLLCALL_NODES: cluster.urls.join(",") };
    await using coordinator = await startCoordinator(env);
    await waitUntil("the view is fresh", async () => (await statusOf(env)).state === "fresh", seldom);
    await coordinator.kill();
    const stale = await waitUntil(
      "the view is stale",
      async () => {
        const status = await statusOf(env);
        return status.state === "stale" ? status : undefined;
      },
      seldom,
    );
    assert.equal(stale?.code, 2);
    assert.match(stale.summary, /^The view logs has had no beat for \d+ s\./);
    assert.deepEqual(stale.view?.leader.pid, null);
  });

  it("rollcall status lists replicas and their threads, and which of them are behind", async () => {
    await using redis = await startRedis();
    const store = createRedisStore({
      redis: { kind: "url", url: redis.url },
      name: viewName,
      timers: systemTimers,
      random: Math.random,
      logger: silentLogger,
      mayLead: true,
    });
    try {
      const leader = "leader-1";
      const lease = await waitUntil("the lease is taken", () => store.acquire(leader, 0).catch(() => undefined));
      assert.ok(lease !== undefined);
      const at = (sequence: number) => ({ epoch: lease.epoch, leader, sequence });
      const head = { topology: at(5), marks: at(2), beat: 1, replicas: 1 };
      const node = { id: "i1", name: "es1\u001b[2J", host: "10.0.0.1", port: 9200, roles: ["data"] };
      await store.publish(lease, {
        head,
        topology: { version: at(5), clusterUuid: "u", source: "sniff", nodes: [node] },
        marks: { version: at(2), nodes: {} },
      });
      store.onStatusRequest(() =>
        store.heartbeat({
          replica: "r1",
          host: "app-1",
          pid: 4711,
          role: "external",
          leading: false,
          freshness: "fresh",
          view: { topology: at(5), marks: at(2) },
          ejected: ["i1@10.0.0.1:9200"],
          threads: [
            { thread: 0, topology: at(5), calls: 3, tasks: 0, state: "well" },
            { thread: 1, topology: at(3), calls: 4, tasks: 1, state: "late" },
          ],
        }),
      );
      const { code, stdout } = await waitUntil(
        "the replica's heartbeat arrives",
        async () => {
          const run = await rollcall(["status"], { ROLLCALL_REDIS: redis.url });
          return run.stdout.includes("app-1") ? run : undefined;
        },
        seldom,
      ).then((run) => run ?? assert.fail());
      assert.equal(code, 0, stdout);
      const end = stdout.slice(stdout.indexOf("Nodes\n"));
      assert.equal(
        end,
        `Nodes
  all         1: 1 healthy
  healthy     es1\u{fffd}[2J (10.0.0.1:9200)  roles d
              ejected by 1 replica
  roles       d data

Replicas
  all         1: 1 behind
  behind      app-1 (pid 4711)  external
              replica r1
              thread 0 well: 3 requests, 0 tasks
              thread 1 late, topology 3 (2 behind): 4 requests, 1 task
              has ejected es1\u{fffd}[2J
`,
      );
    } finally {
      await store.close();
    }
  });
});

describe("rollcall status", options, () => {
  it("rollcall status says why Redis cannot be used, and shows no password", async () => {
    await using redis = await startRedis({ password: "geheim-1" });
    const url = redis.url.replace("geheim-1", "geheim-2");
    const refused = `redis://:geheim-2@127.0.0.1:${await freePort()}`;
    for (const [redisUrl, says] of [
      [url, /WRONGPASS|NOAUTH|AUTH|password/i],
      [refused, /refused/i],
    ] as const) {
      const { code, stdout, stderr } = await rollcall(["status"], { ROLLCALL_REDIS: redisUrl });
      assert.deepEqual([code, stderr], [2, ""], stdout);
      assert.match(stdout, /^View\n {2}away {8}Redis does not answer at redis:/);
      assert.match(stdout, says);
      assert.doesNotMatch(stdout, /geheim/);
    }
  });

  it("rollcall status gives up on a Redis that takes connections and never answers", async () => {
    await using redis = await startRedis();
    redis.freeze();
    const { code, stdout } = await rollcall(["status", "--json"], { ROLLCALL_REDIS: redis.url });
    assert.deepEqual([code, (JSON.parse(stdout) as Status).state], [2, "away"]);
  });

  it("rollcall status --watch writes no escape codes into a pipe, and ends at SIGINT", async () => {
    await using redis = await startRedis();
    for (const words of [
      ["status", "--watch"],
      ["status", "--watch", "--json"],
    ]) {
      const child = start(words, { ROLLCALL_REDIS: redis.url });
      const owned = await own(child);
      let shown = "";
      child.stdout?.on("data", (piece: Buffer) => {
        shown += piece.toString();
      });
      const blocks = () => shown.match(/^(?:View$|\{"name")/gm)?.length ?? 0;
      await waitUntil("two blocks are there", () => blocks() >= 2);
      assert.doesNotMatch(shown, /(?!\n)\p{Cc}/u);
      child.kill("SIGINT");
      assert.deepEqual(await owned.gone, { code: 2, signal: null });
    }
  });

  it("rollcall status --watch ends when its output is closed", async () => {
    await using redis = await startRedis();
    const child = start(["status", "--watch"], { ROLLCALL_REDIS: redis.url });
    const owned = await own(child);
    child.stdout?.destroy();
    assert.equal((await owned.gone).signal, null);
  });
});

describe("wrong arguments", options, () => {
  const wrong: readonly { readonly words: readonly string[]; readonly says: RegExp }[] = [
    {
      words: ["coordinator"],
      says: /wrong:\n {2}--nodes is missing.*\n {2}--redis is missing.*\n {2}--name is missing/,
    },
    {
      words: ["coordinator", "--nodes", "http://u:geheim@a:x", "--redis", "redis://:geheim@r/x", "--name", "logs"],
      says: /wrong:\n {2}URL 1 = .*\n {2}--redis = \[redacted\]: must have nothing in its path/,
    },
    {
      words: ["coordinator", "extra"],
      says: /^rollcall: (?:too many arguments|error).*\nSee rollcall coordinator --help/i,
    },
    { words: ["status"], says: /wrong:\n {2}--redis is missing/ },
    {
      words: ["status", "--redis", "redis://:geheim@r", "--nmae", "logs"],
      says: /--nmae\n\(Did you mean --name\?\)\nSee rollcall status --help/,
    },
    {
      words: ["status", "--redis", "redis://r", "--name", "logs", "--wait", "5"],
      says: /--wait must be a whole number of milliseconds from 100 to 60000/,
    },
  ];
  for (const { words, says } of wrong) {
    it(`wrong arguments end with 2 and one clear error: rollcall ${words.join(" ")}`, async () => {
      const { code, stdout, stderr } = await rollcall(words, { ROLLCALL_NAME: "" });
      assert.deepEqual({ code, stdout }, { code: 2, stdout: "" });
      assert.match(stderr, says);
      assert.doesNotMatch(stderr, /geheim|\n +at /);
    });
  }
});

describe("help", options, () => {
  it("the help of each command has 80 columns and the exit codes, and shows no value of the environment", async () => {
    for (const command of ["coordinator", "status", "doctor", "why", "bundle"]) {
      const { code, stdout } = await rollcall([command, "--help"], { ROLLCALL_REDIS: "redis://:geheim@r" });
      assert.equal(code, 0);
      assert.match(stdout, /Exit codes:\n {2}0 /);
      assert.doesNotMatch(stdout, /geheim/);
      for (const line of stdout.split("\n")) assert.ok(line.length <= 80, line);
    }
  });
});
