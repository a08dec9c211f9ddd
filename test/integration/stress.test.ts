import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { it } from "node:test";
import { fileURLToPath } from "node:url";
import { own } from "@rollcall/testing/processes";
import { patience } from "./support-requests.js";

const program = fileURLToPath(new URL("../stress/main.js", import.meta.url));
const counted = ["answered", "views", "slotsGivenBack", "threadsKilled", "tasks"] as const;

/** The long form: npm run stress -- --seed N --seconds N */
it("threads, views, slots, aborts and tasks under load lose and double nothing", patience, async () => {
  const done = new Map<string, number>();
  // On a busy machine five seconds may be too short for each of them to happen.
  for (let run = 0; run < 5 && counted.some((what) => (done.get(what) ?? 0) === 0); run++) {
    const words = [program, "--seed", String(process.pid + run), "--seconds", "5"];
    const child = spawn(process.execPath, words, { stdio: ["ignore", "pipe", "pipe"] });
    const printed = Promise.all([text(child.stdout), text(child.stderr)]);
    const { code } = await (await own(child)).gone;
    const output = (await printed).join("\n");
    assert.equal(code, 0, output);
    const counts = JSON.parse(output.split("\n")[1] ?? "{}") as Record<string, number>;
    for (const what of counted) done.set(what, (done.get(what) ?? 0) + (counts[what] ?? 0));
  }
  for (const what of counted) assert.ok((done.get(what) ?? 0) > 0, `${what}: ${JSON.stringify([...done])}`);
});
