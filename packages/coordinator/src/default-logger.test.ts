import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { it } from "node:test";

const logger = JSON.stringify(new URL("./default-logger.js", import.meta.url).href);

/** Runs the code in a process of its own, and returns what it writes to standard error. */
function errorOutputOf(code: string): string {
  const source = `const { defaultLogger } = await import(${logger}); ${code}`;
  const { stderr, status } = spawnSync(process.execPath, ["--input-type=module", "-e", source], { encoding: "utf8" });
  assert.equal(status, 3, stderr);
  return stderr;
}

it("the default logger has written every line of level info and above when the process exits at once", () => {
  const output = errorOutputOf(`
    const logger = defaultLogger();
    logger.debug({ node: "a:1" }, "hidden");
    logger.info({ node: "a:1" }, "first");
    logger.error({ node: "b:2" }, "second");
    process.exit(3);
  `);
  const lines = output
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  assert.deepEqual(
    lines.map(({ level, name, node, msg }) => [level, name, node, msg]),
    [
      [30, "rollcall", "a:1", "first"],
      [50, "rollcall", "b:2", "second"],
    ],
  );
  for (const { time, pid, hostname } of lines) assert.ok(time > 0 && pid > 0 && hostname.length > 0);
});

it("a process that logs nothing does not load pino", () => {
  const loaded = (code: string) => `
    import { createRequire } from "node:module";
    const { defaultLogger } = await import(${logger});
    const logger = defaultLogger();
    ${code}
    console.log(Object.keys(createRequire(import.meta.url).cache).some((file) => file.includes("/pino/")));
  `;
  const run = (code: string) =>
    execFileSync(process.execPath, ["--input-type=module", "-e", loaded(code)], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
  assert.equal(run(""), "false");
  assert.equal(run('logger.info({}, "a line");'), "true");
});
