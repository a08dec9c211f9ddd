import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { get, type IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { freePort, waitUntil } from "@rollcall/testing";
import { startFixtureCluster } from "@rollcall/testing/fixture";
import { own } from "@rollcall/testing/processes";
import { startRedis } from "@rollcall/testing/redis";
import { startCoordinatorProcess } from "../support/coordinator-process.js";

/** The fields that these tests read. */
interface Report {
  readonly state: string;
  readonly view: null | { readonly leader: { readonly pid: number | null } };
  readonly nodes: readonly { readonly name: string; readonly state: string }[];
}

describe("rollcall coordinator --http", { timeout: 240_000 }, () => {
  it("the page of a coordinator that does not lead shows what the leader publishes, and its stream ends with it", async (test) => {
    await using redis = await startRedis();
    await using cluster = await startFixtureCluster({ nodes: 2 });
    const [leaderPort, standbyPort] = [await freePort(), await freePort()];
    const start = (port: number) =>
      startCoordinatorProcess({
        ...{ nodes: cluster.urls, redis: redis.url, name: "logs" },
        flags: ["--http", `127.0.0.1:${port}`],
      });
    await using leader = await start(leaderPort);
    await waitUntil("it is ready", async () => (await fetch(urlOf(leaderPort, "readyz"))).status === 200);
    await using standby = await start(standbyPort);
    await waitUntil(
      "the standby is ready, too",
      async () => (await fetch(urlOf(standbyPort, "readyz"))).status === 200,
    );

    const seen = await readEvents(standbyPort);
    await waitUntil("the standby shows the leader and two nodes", () => {
      const { state, view, nodes } = seen.last() ?? { state: "", view: null, nodes: [] };
      return state === "fresh" && view?.leader.pid === leader.process.pid && nodes.length === 2;
    });
    await cluster.nodes[1]?.kill();
    const shown = await waitUntil("the standby shows that a node is down", () =>
      seen.last()?.nodes.find(({ name, state }) => name === "n2" && state === "down"),
    );
    assert.equal(shown?.name, "n2");
    const json = (await (await fetch(urlOf(standbyPort, "status.json"))).json()) as Report;
    assert.deepEqual(
      json.nodes.map(({ name, state }) => `${name} ${state}`),
      ["n2 down", "n1 healthy"],
    );

    const [ofLeader, ofStandby] = await Promise.all([leaderPort, standbyPort].map(metricsOf));
    for (const [metrics, leads, probes] of [
      [ofLeader, 1, true],
      [ofStandby, 0, false],
    ] as const) {
      assert.match(metrics ?? "", new RegExp(`^rollcall_leader\\{pool="logs"\\} ${leads}$`, "m"));
      assert.match(metrics ?? "", /^rollcall_fleet_nodes\{pool="logs",state="down"\} 1$/m);
      const sent = /^rollcall_coordinator_cluster_requests_total\{pool="logs",kind="probe",result="2xx"\} (\d+)$/m;
      assert.equal(Number(sent.exec(metrics ?? "")?.[1]) > 0, probes, "a standby sends the cluster nothing");
    }

    const stoppedMs = performance.now();
    // It would be killed if the open stream held it.
    assert.deepEqual(await standby.process.stop(), { code: 0, signal: null });
    await seen.ended;
    test.diagnostic(`with an open stream it has ended in ${Math.round(performance.now() - stoppedMs)} ms`);
  });

  it("a port that is taken is said in one line, before the coordinator begins", async () => {
    await using redis = await startRedis();
    const taken = new URL(redis.url).port;
    const program = fileURLToPath(new URL("../../../packages/cli/dist/main.js", import.meta.url));
    const words = ["coordinator", "--nodes", "http://127.0.0.1:9", "--redis", redis.url, "--name", "logs"];
    const child = spawn(process.execPath, [program, ...words, "--http", `127.0.0.1:${taken}`], {
      env: { PATH: process.env.PATH },
      stdio: ["ignore", "ignore", "pipe"],
    });
    const owned = await own(child);
    const [stderr, end] = await Promise.all([text(child.stderr), owned.gone]);
    const why = `--http = "127.0.0.1:${taken}": the port is in use by another process`;
    assert.deepEqual([end.code, stderr], [2, `rollcall: the configuration is wrong:\n  ${why}\n`]);
  });
});

const urlOf = (port: number, path: string) => `http://127.0.0.1:${port}/${path}`;

async function metricsOf(port: number): Promise<string> {
  return (await fetch(urlOf(port, "metrics"))).text();
}

/** The newest state that a page has been sent, and when the stream has ended. */
async function readEvents(port: number) {
  let last: Report | undefined;
  let rest = "";
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    get(urlOf(port, "events"), { agent: false }, resolve).on("error", reject);
  });
  response.setEncoding("utf8").on("data", (piece: string) => {
    const parts = (rest + piece).split("\n\n");
    rest = parts.pop() ?? "";
    for (const part of parts) {
      const [, data] = /^event: state\ndata: (.*)$/.exec(part) ?? [];
      if (data !== undefined) last = (JSON.parse(data) as { status: Report }).status;
    }
  });
  const ended = new Promise<void>((resolve) => response.on("close", () => resolve()).on("error", () => resolve()));
  return { last: () => last, ended };
}
