import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "node:test";
import { promisify } from "node:util";
import { canariesFileVariable, canariesIn, canary, foreignCanary } from "./canary.js";

it("a secret of a test is found in a text as it is and in base64 at every place, and others are not", () => {
  const [secret, other] = [canary("mine"), canary("other")];
  const secrets = [secret, other];
  assert.deepEqual(canariesIn(`x${secret}y`, secrets), ["canary-mine"]);
  for (const name of ["", "u", "us", "use"]) {
    const header = Buffer.from(`${name}:${secret}:more`).toString("base64");
    assert.deepEqual(canariesIn(`Basic ${header}`, secrets), ["canary-mine"], name);
  }
  assert.deepEqual(canariesIn("canary-mine-0", secrets), []);
  const token = foreignCanary("AAEAAWVsYXN0aWMvZmxlZXQ");
  assert.deepEqual(canariesIn(`Bearer ${token}`), ["that a cluster made"], "and the complaint does not show it");
});

it("a process whose logger was given a secret of its own fails at its end, and notes its secrets for the runner", async () => {
  const folder = await mkdtemp(join(tmpdir(), "rollcall-canary-"));
  const file = join(folder, "canaries");
  const program = `
    import { canary, collectingLogger } from ${JSON.stringify(new URL("./index.js", import.meta.url).href)};
    collectingLogger().info({ header: [Buffer.from("u:" + canary("logged")).toString("base64")] }, "sent");`;
  try {
    const run = promisify(execFile)(process.execPath, ["--input-type=module", "-e", program], {
      env: { ...process.env, [canariesFileVariable]: file },
    });
    await assert.rejects(run, { code: 1, stderr: "a log line shows the secret canary-logged\n" });
    assert.match(await readFile(file, "utf8"), /^canary-logged-[0-9a-f]{18}\n$/);
  } finally {
    await rm(folder, { recursive: true });
  }
});
