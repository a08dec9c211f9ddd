import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { describe, it } from "node:test";
import { isRunning, own } from "./child-processes.js";
import { waitUntil } from "./wait-until.js";

const idle = () => spawn(process.execPath, ["--eval", "setInterval(() => {}, 1000)"], { stdio: "ignore" });

/** Runs `code` with `own` in a process of its own that prints the id of its child; gives that process and the id. */
async function parentOf(code: string) {
  const program = `
    import { spawn } from "node:child_process";
    import { own } from ${JSON.stringify(new URL("./child-processes.js", import.meta.url).href)};
    const one = await own(spawn(process.execPath, ["--eval", "setInterval(() => {}, 1000)"], { stdio: "ignore" }));
    ${code}
    console.log(one.pid);`;
  const parent = spawn(process.execPath, ["--input-type=module", "--eval", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = (await once(createInterface({ input: parent.stdout }), "line")) as [string];
  return { parent, pid: Number(line) };
}

describe("child processes", () => {
  it("are gone after kill and stop, paused or not", async () => {
    for (const end of ["kill", "stop"] as const) {
      for (const paused of [false, true]) {
        const one = await own(idle());
        assert.ok(one.alive && isRunning(one.pid));
        if (paused) one.pause();
        assert.equal(one.paused, paused);
        const { signal } = await one[end]();
        assert.equal(signal, end === "kill" ? "SIGKILL" : "SIGTERM");
        assert.ok(!one.alive && !isRunning(one.pid));
      }
    }
  });

  it("can be ended twice, and paused or resumed in vain once dead", async () => {
    const one = await own(idle());
    await one.kill();
    one.pause();
    one.resume();
    assert.equal((await one.stop()).signal, "SIGKILL");
  });

  it("that cannot be started are an error", async () => {
    await assert.rejects(own(spawn("/nonexistent/command")), { code: "ENOENT" });
  });

  it("end when their parent exits, although one is paused", async () => {
    const { pid } = await parentOf("one.pause(); setTimeout(() => process.exit(), 50);");
    await waitUntil("the child is gone", () => !isRunning(pid));
  });

  it("that are paused end when their parent is killed", async () => {
    const { parent, pid } = await parentOf("one.pause(); setInterval(() => {}, 1000);");
    assert.ok(isRunning(pid));
    parent.kill("SIGKILL");
    await waitUntil("the child is gone", () => !isRunning(pid));
  });

  it("that have been resumed are not touched by the guard of their pause", async () => {
    const one = await own(idle());
    one.pause();
    one.resume();
    assert.equal(
      await Promise.race([one.gone, new Promise((resolve) => setTimeout(resolve, 200, "running"))]),
      "running",
    );
    await one.kill();
  });
});
