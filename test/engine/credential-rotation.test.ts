import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { collectingLogger, waitUntil } from "@rollcall/testing";
import {
  createApiKey,
  createServiceToken,
  invalidateApiKey,
  type SecuredCluster,
  type SecuredNode,
  startSecuredEngine,
} from "@rollcall/testing/engines";
import { createPool, type Pool, type PoolOptions } from "@rollcall/worker";
import { engineTimeout, isFullMatrix, patient } from "./support-engine.js";

/** Writes of class Never and so many searches at once, without a pause; each must succeed. */
function startLoad(pool: Pool, index: string, searches: number) {
  let running = true;
  const failed: string[] = [];
  const counts = { written: 0, searched: 0, resent: 0 };
  const one = async (isWrite: boolean) => {
    const path = isWrite ? `/${index}/_doc` : `/${index}/_search`;
    const body = isWrite ? { n: counts.written } : { size: 0 };
    const answer = await pool.request({ method: "POST", path, body, timeoutMs: 60_000 });
    if (!answer.ok) failed.push(`${answer.status} after ${answer.attempts.map(({ code }) => code).join()}`);
    else if (isWrite) counts.written++;
    else counts.searched++;
    if (answer.attempts.some(({ code }) => code === "401")) counts.resent++;
  };
  const loop = async (isWrite: boolean) => {
    while (running) await one(isWrite).catch((error: Error) => failed.push(error.message));
  };
  const loops = [...Array<boolean>(4).fill(true), ...Array<boolean>(searches).fill(false)].map(loop);
  return {
    counts,
    failed,
    async more(count: number): Promise<void> {
      const from = counts.written;
      await waitUntil(
        `${count} more writes are done`,
        () => failed.length > 0 || counts.written > from + count,
        patient,
      );
    },
    async stop(): Promise<void> {
      running = false;
      await Promise.all(loops);
    },
  };
}

async function documentsIn(node: SecuredNode, index: string): Promise<number> {
  await node.ask("POST", `/${index}/_refresh`);
  return ((await node.ask("GET", `/${index}/_count`)) as { count: number }).count;
}

const kinds = isFullMatrix ? (["elasticsearch8", "elasticsearch9"] as const) : [];
for (const kind of kinds) {
  describe(`credentials that change on ${kind} with security`, engineTimeout, () => {
    let cluster: SecuredCluster;
    const folder = mkdtempSync(join(tmpdir(), "rollcall-rotation-"));
    before(async () => {
      cluster = await startSecuredEngine({ kind, users: "per-node", onProgress: (line) => console.log(line) });
    }, engineTimeout);
    after(async () => {
      rmSync(folder, { recursive: true });
      await cluster.close();
    });

    const first = (): SecuredNode => cluster.nodes[0] ?? assert.fail("no node");
    let indices = 0;

    /** Runs the load with a credential that `rotate` changes; no request fails and each document is there once. */
    async function proveRotation(options: PoolOptions, rotate: () => Promise<void>, searches = 2): Promise<void> {
      for (const threads of [0, 2]) {
        const index = `logs-rotation-${++indices}`;
        const settings = { number_of_shards: 1, number_of_replicas: 0 };
        await first().ask("PUT", `/${index}`, { settings });
        const logger = collectingLogger();
        const pool = createPool({ tls: { ca: cluster.certificates.ca }, threads, logger, ...options });
        try {
          await pool.ready({ timeoutMs: 60_000 });
          const load = startLoad(pool, index, searches);
          try {
            await load.more(50);
            for (let times = 0; times < 3; times++) {
              await rotate();
              await load.more(50);
            }
          } finally {
            await load.stop();
          }
          const { counts, failed } = load;
          console.log(`${kind}, ${threads} threads: ${JSON.stringify(counts)}, ${failed.length} failed`);
          assert.deepEqual(failed, []);
          assert.ok(counts.resent > 0, "no request met the change");
          assert.equal(await documentsIn(first(), index), counts.written);
          assert.ok(!pool.nodes().some(({ state }) => state === "down" || state === "unusable"));
        } finally {
          await pool.close({ timeoutMs: 0 });
        }
      }
    }

    it("the function of each node gives its new password, and no request fails while passwords change", async () => {
      const nodes = cluster.nodes.map((node) => ({ url: node.url, auth: async () => node.user }));
      let turn = 0;
      await proveRotation({ nodes }, async () => {
        await cluster.nodes[turn++ % cluster.nodes.length]?.rotatePassword();
      });
    });

    it("a password in a mounted secret is swapped by its link, and no request fails", async () => {
      const node = first();
      let version = 0;
      const mount = (password: string) => {
        mkdirSync(join(folder, `..${++version}`));
        writeFileSync(join(folder, `..${version}`, "password"), `${password}\n`);
        symlinkSync(`..${version}`, join(folder, "..data_tmp"));
        renameSync(join(folder, "..data_tmp"), join(folder, "..data"));
      };
      mount(node.user.password);
      symlinkSync(join("..data", "password"), join(folder, "password"));
      const auth = { username: node.user.username, passwordFile: join(folder, "password") };
      await proveRotation({ nodes: [{ url: node.url, auth }], discovery: false }, async () => {
        const { password } = await node.rotatePassword();
        mount(password);
      });
    });

    it("an API key is invalidated and another takes its place, and no request fails", async () => {
      let made = 0;
      let key = await createApiKey(first(), `k${Date.now()}`);
      let id = false;
      const auth = async () => (id ? { apiKey: { id: key.id, key: key.key } } : { apiKey: key.encoded });
      await proveRotation({ nodes: [...cluster.urls], auth }, async () => {
        const before = key;
        key = await createApiKey(first(), `k${Date.now()}-${++made}`);
        id = !id;
        await invalidateApiKey(first(), before);
      });
    });

    it("a service token in a file is replaced, and no request fails", async () => {
      const path = join(folder, "token");
      let made = 0;
      const next = async () => {
        const name = `t${Date.now()}-${++made}`;
        return { name, token: await createServiceToken(first(), name) };
      };
      let current = await next();
      writeFileSync(path, current.token);
      const account = "/_security/service/elastic/fleet-server/credential/token";
      await proveRotation(
        { nodes: [...cluster.urls], auth: { bearerFile: path } },
        async () => {
          const before = current;
          current = await next();
          writeFileSync(`${path}.new`, `${current.token}\n`);
          await first().ask("DELETE", `${account}/${before.name}`);
          renameSync(`${path}.new`, path);
          // This account may write to such an index, and not search it.
        },
        0,
      );
    });
  });
}
