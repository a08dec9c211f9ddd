import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { dirname } from "node:path";
import { createInterface } from "node:readline";
import { freePort, waitUntil } from "@rollcall/testing";
import { isRunning } from "@rollcall/testing/processes";
import { RollcallError } from "@rollcall/worker";
import { isFullMatrix, nodeAt, searchUntilServed, startFleet, waitUntilGreen } from "./support-engine.js";
import type { Statement } from "./support-statements.js";

/** What one seed comes to, and what becomes of searches when nodes fail, where no node asks for a credential. */
export const failureStatements: readonly Statement[] = [
  {
    says: "a pool opened before the cluster starts finds every data node from one seed, and reads reach all of them",
    check: async ({ pool, early, nodes }) => {
      const first = await early;
      assert.ok(!(first instanceof RollcallError) || first.code === "NO_NODE", String(first));
      await pool.ready();
      await searchUntilServed(pool, nodes, 20);
      const members = pool.nodes().filter(({ tier }) => tier === "node");
      assert.deepEqual(members.map(({ name }) => name).sort(), ["n1", "n2", "n3"]);
      assert.ok(members.every(({ version, roles, id }) => version && roles?.includes("data") && id));
      const { view } = pool.stats();
      assert.equal(view?.source, "sniff");
      assert.ok(view.clusterUuid);
    },
  },
  {
    says: "processes with and without a shared view lose no search while nodes freeze, die and come back at another port",
    check: async ({ cluster, pool, nodes }) => {
      const [second, third] = [nodeAt(cluster, 1), nodeAt(cluster, 2)];
      const size = cluster.nodes.length;
      await using fleet = await startFleet(cluster);
      for (const node of nodes) await fleet.waitUntilUsed(node);

      third.pause();
      await fleet.waitUntilAvoided(third);
      third.resume();
      await fleet.waitUntilUsed(third);
      await cluster.waitForNodes(size);
      await waitUntilGreen(pool);

      await second.kill();
      await fleet.waitUntilDown(second);
      const { address } = second;
      await second.start({ port: await freePort() });
      assert.notEqual(second.address, address);
      await fleet.waitUntilUsed(second);
      await waitUntilGreen(pool);

      if (isFullMatrix) {
        const joined = await cluster.addNode();
        await fleet.waitUntilUsed(joined);
        await waitUntilGreen(pool);
        await joined.stop();
        await fleet.waitUntilAvoided(joined);
      }
      await fleet.close();
    },
  },
  {
    says: "a test process that is killed leaves no JVM behind",
    on: ({ kind }) => isFullMatrix && kind.startsWith("opensearch"),
    check: async ({ engine }) => {
      const program = `
        const { startEngine } = await import(${JSON.stringify(import.meta.resolve("@rollcall/testing/engines"))});
        const { nodes: [node] } = await startEngine({ kind: ${JSON.stringify(engine.kind)}, nodes: 1 });
        console.log(JSON.stringify([node.pid, node.logFile]));`;
      const words = ["--input-type=module", "--eval", program];
      const parent = spawn(process.execPath, words, { stdio: ["ignore", "pipe", "inherit"] });
      const lines = createInterface({ input: parent.stdout });
      const [line] = (await Promise.race([once(lines, "line"), once(parent, "exit").then(() => [])])) as string[];
      assert.ok(line, "the process ended before its engine was ready");
      const [pid, logFile] = JSON.parse(line) as [number, string];
      assert.ok(isRunning(pid));
      parent.kill("SIGKILL");
      await waitUntil("the JVM is gone", () => !isRunning(pid));
      await rm(dirname(logFile), { recursive: true, force: true });
    },
  },
];
