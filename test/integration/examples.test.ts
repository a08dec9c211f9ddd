import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { waitUntil } from "@rollcall/testing";
import { assertAsPromised, folder, linesOf, onCluster, runToEnd, start } from "./support-examples.js";

describe("each example does what its first lines say", () => {
  it("first-search.mjs prints what its first lines say", async () => {
    await onCluster({ nodes: 3 }, async ({ urls }) => {
      const { lines } = await runToEnd("first-search.mjs", urls);
      assertAsPromised("first-search.mjs", lines);
    });
  });

  it("own-credentials.mjs shows no node another node's user", async () => {
    const users = [1, 2, 3].map((at) => ({ username: `user${at}`, password: `password-${at}` }));
    const passwords = Object.fromEntries(users.map(({ password }, at) => [`PASSWORD${at + 1}`, password]));
    await onCluster({ nodes: 3, users }, async ({ urls, nodes }) => {
      const { lines, text } = await runToEnd("own-credentials.mjs", urls, passwords);
      assertAsPromised("own-credentials.mjs", lines);
      assert.equal(lines.at(-1), "60 searches: 60 answered 200, from 3 nodes");
      assert.doesNotMatch(text, /password-\d/);
      for (const [at, node] of nodes.entries()) {
        assert.deepEqual([...(await node.counts()).users], [`user${at + 1}`]);
      }
    });
  });

  it("bulk.mjs writes each document once", async () => {
    await onCluster({ nodes: 3 }, async (cluster) => {
      const { lines } = await runToEnd("bulk.mjs", cluster.urls);
      assertAsPromised("bulk.mjs", lines);
      const { documents } = await cluster.stats();
      assert.equal(documents.size, 200);
      assert.deepEqual(new Set(documents.values()), new Set([1]));
    });
  });

  it("bulk.mjs sends again what was refused with 429, and that alone", async () => {
    await onCluster({ nodes: 1 }, async (cluster) => {
      const items = Array.from({ length: 200 }, (_, at) => ({
        index: { _id: `document-${at}`, status: at < 50 ? 429 : 201 },
      }));
      const full = { kind: "reply", body: JSON.stringify({ errors: true, items }), times: 1 } as const;
      await cluster.nodes[0]?.set({ requests: [{ ...full, on: { path: "/rollcall-example/_bulk" } }] });
      const { lines } = await runToEnd("bulk.mjs", cluster.urls);
      assert.deepEqual(lines, ["200 documents written in 2 rounds"]);
      const { commits } = await cluster.stats();
      assert.equal(commits, 200 + 50);
    });
  });

  it("bulk-from-file.mjs writes each line of a file once, and leaves what failed in another", async () => {
    await onCluster({ nodes: 1 }, async (cluster) => {
      const place = await mkdtemp(join(tmpdir(), "rollcall-"));
      try {
        const file = join(place, "books.ndjson");
        const lines = Array.from({ length: 1_000 }, (_, at) => `{"id":"b${at}","text":"a book"}\n`);
        await writeFile(file, lines.join(""));
        const { lines: printed } = await runToEnd("bulk-from-file.mjs", [file, ...cluster.urls]);
        assertAsPromised("bulk-from-file.mjs", printed);
        const { documents } = await cluster.stats();
        assert.deepEqual([documents.size, new Set(documents.values())], [1_000, new Set([1])]);

        const error = { type: "mapper_parsing_exception", reason: "no book" };
        const items = lines
          .slice(0, 2)
          .map((_, at) => ({ index: at === 0 ? { status: 201 } : { status: 400, error } }));
        const reply = { kind: "reply", body: JSON.stringify({ errors: true, items }) } as const;
        await cluster.nodes[0]?.set({ requests: [{ ...reply, on: { path: "/rollcall-example/_bulk" } }] });
        await writeFile(file, lines.slice(0, 2).join(""));
        const failing = await runToEnd("bulk-from-file.mjs", [file, ...cluster.urls]);
        assert.match(failing.text, /^1 documents written, 1 failed/);
        const left = await readFile(`${file}.failed`, "utf8");
        assert.equal(left, `{"index":{"_id":"b1"}}\n${lines[1]}`);
      } finally {
        await rm(place, { recursive: true });
      }
    });
  });

  it("server.mjs searches, reports its health, and ends at a signal", async () => {
    await onCluster({ nodes: 3 }, async ({ urls }) => {
      const server = await start("server.mjs", urls, { PORT: "0" });
      const port = await waitUntil("it listens", () => /listening on (\d+)/.exec(server.text())?.[1]);
      const found = await fetch(`http://127.0.0.1:${port}/search?q=blue`);
      assert.equal(found.status, 200);
      assert.equal(((await found.json()) as unknown[]).length, 3);
      const health = await fetch(`http://127.0.0.1:${port}/health`);
      assert.equal(health.status, 200);
      assert.equal(((await health.json()) as { ok: boolean }).ok, true);
      assert.equal((await fetch(`http://127.0.0.1:${port}/other`)).status, 404);

      server.process.child.kill("SIGTERM");
      assert.deepEqual(await server.process.gone, { code: 0, signal: null });
      assertAsPromised("server.mjs", linesOf(server.text()));
    });
  });

  it("server.mjs answers 503 where no node is healthy", async () => {
    await onCluster({ nodes: 1 }, async ({ urls, nodes }) => {
      const server = await start("server.mjs", urls, { PORT: "0" });
      const port = await waitUntil("it listens", () => /listening on (\d+)/.exec(server.text())?.[1]);
      await nodes[0]?.kill();
      const health = () => fetch(`http://127.0.0.1:${port}/health`).then(({ status }) => status);
      const search = fetch(`http://127.0.0.1:${port}/search?q=blue`).then(({ status }) => status);
      assert.equal(await search, 503);
      await waitUntil("its health page says so too", async () => (await health()) === 503);
      server.process.child.kill("SIGTERM");
      assert.equal((await server.process.gone).code, 0);
    });
  });

  it("watch.mjs reports that a node goes and comes back", async () => {
    await onCluster({ nodes: 3 }, async ({ urls, nodes }) => {
      const watch = await start("watch.mjs", urls.slice(0, 1));
      const [, second] = nodes;
      assert.ok(second !== undefined);
      await waitUntil("it lists three nodes", () => watch.text().includes("list: 3 nodes, from the cluster"));
      await second.kill();
      const away = new RegExp(
        `node n2 \\(${second.host}:${second.port}\\): (?:healthy|slow-start|ejected) -> down \\(.+\\)`,
      );
      await waitUntil("it says that the node is down", () => away.test(watch.text()));
      await second.restart();
      await waitUntil("it says that the node is back", () => /n2 .*: down -> slow-start/.test(watch.text()));

      watch.process.child.kill("SIGINT");
      assert.deepEqual(await watch.process.gone, { code: 0, signal: null });
      assert.match(linesOf(watch.text()).at(-1) ?? "", /^\d+ searches, 0 failed$/);
    });
  });
});

it("every example has a test here", () => {
  const tests = readFileSync(fileURLToPath(import.meta.url), "utf8");
  const untested = readdirSync(folder).filter((file) => file.endsWith(".mjs") && !tests.includes(`"${file}"`));
  assert.deepEqual(untested, []);
});
