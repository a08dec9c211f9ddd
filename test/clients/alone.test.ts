// What docs/compared.md and docs/clients.md say of the clients alone, beside the same on a pool.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { type FixtureCluster, startFixtureCluster } from "@rollcall/testing/fixture";
import { own } from "@rollcall/testing/processes";
import { createPool, type Pool } from "rollcall";
import { type AnyClient, testedClients } from "./clients.js";
import { type RecordingNode, startRecordingNode } from "./recording-node.js";

const timeoutMs = 300;

for (const tested of testedClients) {
  const isOpenSearch = tested.kind === "opensearch";
  describe(`${tested.name} alone, beside the same on a pool`, () => {
    let cluster: FixtureCluster;
    let node: RecordingNode;
    let pool: Pool;
    let alone: AnyClient;
    let onPool: AnyClient;
    before(async () => {
      cluster = await startFixtureCluster({ kind: tested.kind, nodes: 1 });
      node = await startRecordingNode(cluster.urls[0] ?? "");
      pool = createPool({ nodes: [node.url], discovery: false, threads: 0, logger: false });
      const { Client } = tested.load();
      alone = new Client({ node: node.url });
      onPool = new Client(tested.onPool(pool));
      // Some versions ask which product it is before their first call.
      for (const client of [alone, onPool]) await client.transport.request({ method: "GET", path: "/i/_search" });
      node.take();
    });
    after(async () => {
      await pool.close();
      await node[Symbol.asyncDispose]();
      await cluster.close();
    });

    /** What comes of a call, and how often it is sent. */
    async function outcomeOf(client: AnyClient, request: object, options: object = {}) {
      const outcome = await client.transport.request(request, options).then(
        () => "an answer",
        ({ name }: Error) => name,
      );
      return { outcome, sent: node.take() };
    }

    it("sends a POST four times whose connection is lost after the node has it; on a pool once", async () => {
      const lost = { method: "POST", path: "/fault-reset-after/_doc", body: { n: 1 } };
      const mine = await outcomeOf(alone, lost, { retryBackoff: () => 0 });
      const theirs = await outcomeOf(onPool, lost);
      assert.deepEqual([mine.outcome, mine.sent.length], ["ConnectionError", 4]);
      assert.deepEqual([theirs.outcome, theirs.sent.length], ["ConnectionError", 1]);
    });

    it(`waits for its timeout ${isOpenSearch ? "four times" : "once"}; on a pool once`, async () => {
      const hanging = { method: "GET", path: "/fault-hang/_search" };
      const options = { requestTimeout: timeoutMs, retryBackoff: () => 0 };
      const mine = await outcomeOf(alone, hanging, options);
      const theirs = await outcomeOf(onPool, hanging, options);
      assert.deepEqual([mine.outcome, mine.sent.length], ["TimeoutError", isOpenSearch ? 4 : 1]);
      assert.deepEqual([theirs.outcome, theirs.sent.length], ["TimeoutError", 1]);
    });

    it("waits beyond its timeout for a body that does not come; on a pool the timeout ends the call", async () => {
      const silent = { method: "GET", path: "/fault-silence/_search" };
      const options = { requestTimeout: timeoutMs, maxRetries: 0 };
      let hasEnded = false;
      const call = alone.transport.request(silent, options).then(
        () => {},
        () => {},
      );
      void call.then(() => {
        hasEnded = true;
      });
      // Two calls with the same timeout begin and end meanwhile, one after the other.
      const hanging = { method: "GET", path: "/fault-hang/_search" };
      for (const _ of [1, 2]) assert.equal((await outcomeOf(alone, hanging, options)).outcome, "TimeoutError");
      assert.equal(hasEnded, false);
      assert.equal((await outcomeOf(onPool, silent, options)).outcome, "TimeoutError");
    });

    it("sends two question marks for a path with a query and a query; on a pool one", async () => {
      const request = { method: "GET", path: "/i/_search?size=0", querystring: "from=0" };
      const [mine] = (await outcomeOf(alone, request)).sent;
      const [theirs] = (await outcomeOf(onPool, request)).sent;
      assert.equal(mine?.url, "/i/_search?size=0?from=0");
      assert.equal(theirs?.url, "/i/_search?size=0&from=0");
    });

    // The others take any size, or have no such option.
    it("ends the process at an answer over `maxResponseSize`; on a pool the call fails", {
      skip: tested.family === "classic",
    }, async () => {
      const mine = await runLargeAnswer("alone");
      assert.notEqual(mine.code, 0);
      assert.match(mine.complaints, /Unhandled 'error' event/);
      assert.deepEqual(await runLargeAnswer("pool"), { code: 0, words: "RequestAbortedError\n", complaints: "" });
    });

    async function runLargeAnswer(way: "alone" | "pool") {
      const program = fileURLToPath(new URL("./large-answer.js", import.meta.url));
      const child = spawn(process.execPath, [program, node.url, tested.name, way], {
        stdio: ["ignore", "pipe", "pipe"],
      });
      const { gone } = await own(child);
      const [words, complaints, { code }] = await Promise.all([text(child.stdout), text(child.stderr), gone]);
      return { code, words, complaints };
    }
  });
}
