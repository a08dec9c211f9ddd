import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { it } from "node:test";
import { fileURLToPath } from "node:url";
import { own } from "@rollcall/testing/processes";
import { patience } from "./support-requests.js";

/** The long form: npm run stress -- --seed N --seconds N */
it("threads, views, slots, aborts and tasks under load lose and double nothing", patience, async () => {
  const main = fileURLToPath(new URL("../stress/main.js", import.meta.url));
  const args = [main, "--seed", String(process.pid), "--seconds", "5"];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
  const printed = Promise.all([text(child.stdout), text(child.stderr)]);
  const owned = await own(child);
  const { code } = await owned.gone;
  const output = (await printed).join("\n");
  assert.equal(code, 0, output);
  const { answered, views, slotsGivenBack, threadsKilled, tasks } = JSON.parse(output.split("\n")[1] ?? "{}");
  for (const done of [answered, views, slotsGivenBack, threadsKilled, tasks]) assert.ok(done > 0, output);
});
