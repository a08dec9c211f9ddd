import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { describe, it } from "node:test";
import { own } from "@rollcall/testing/processes";

/** The libraries that a process has loaded when its first request, to a port without a server, has failed. */
async function loadedWith(options: object): Promise<readonly string[]> {
  const program = `
    import { createRequire } from "node:module";
    import { createPool } from "rollcall";
    const pool = createPool({ nodes: ["http://127.0.0.1:9"], logger: false, ...${JSON.stringify(options)} });
    await pool.request({ method: "GET", path: "/", timeoutMs: 5_000 }).catch(() => {});
    await pool.close();
    const files = Object.keys(createRequire(import.meta.url).cache);
    const names = files.map((file) => /.*node_modules[/\\\\]([\\w-]+)/.exec(file)?.[1]);
    console.log(JSON.stringify([files.filter((file) => file.includes("undici")).length, ...new Set(names)]));
  `;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
    cwd: new URL("../../../", import.meta.url),
    stdio: ["ignore", "pipe", "inherit"],
  });
  const owned = await own(child);
  const said = await text(child.stdout);
  await owned.gone;
  const [undiciFiles, ...names] = JSON.parse(said) as [number, ...string[]];
  assert.ok(undiciFiles > 5 && undiciFiles < 40, `${undiciFiles} files of undici: its entry point loads 110`);
  return names.filter((name) => ["ioredis", "pino", "tldts", "undici"].includes(name)).sort();
}

describe("what a process loads", () => {
  it("a pool loads neither pino, ioredis nor tldts where its options need none of them", async () => {
    assert.deepEqual(await loadedWith({ threads: 0 }), ["undici"]);
  });

  it("a pool loads ioredis where a view is shared, and tldts where a name and a credential are configured", async () => {
    const shared = { threads: 0, redis: "redis://127.0.0.1:9", name: "logs" };
    assert.deepEqual(await loadedWith(shared), ["ioredis", "undici"]);
    const named = { threads: 0, nodes: ["https://es1.example.com:9"], auth: { bearer: "a" } };
    assert.deepEqual(await loadedWith(named), ["tldts", "undici"]);
  });
});
