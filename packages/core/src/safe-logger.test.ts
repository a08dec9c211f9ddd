import assert from "node:assert/strict";
import { it } from "node:test";
import type { Logger } from "./logger.js";
import { safeLogger } from "./safe-logger.js";

it("a safe logger passes every line on, and reports the first error of the logger, thrown or rejected, and no other", async () => {
  class Failing implements Logger {
    readonly lines: string[] = [];
    debug = (fields: object, message: string) => this.fail("debug", fields, message);
    info = (fields: object, message: string) => this.fail("info", fields, message);
    warn = (fields: object, message: string) => this.fail("warn", fields, message);
    async error(fields: object, message: string): Promise<void> {
      this.fail("error", fields, message);
    }
    private fail(level: string, fields: object, message: string): void {
      this.lines.push(`${level} ${JSON.stringify(fields)} ${message}`);
      throw new Error("the transport has exited");
    }
  }
  const failing = new Failing();
  const faults: unknown[] = [];
  const logger = safeLogger(failing, (error) => faults.push(error));
  for (const level of ["debug", "info", "warn", "error"] as const) logger[level]({ node: "n1" }, "is down");
  assert.deepEqual(
    failing.lines,
    ["debug", "info", "warn", "error"].map((level) => `${level} {"node":"n1"} is down`),
  );
  assert.equal(faults.length, 1);
  const rejected = new Promise((resolve) => {
    safeLogger(failing, resolve).error({}, "is lost");
  });
  assert.match(String(await rejected), /the transport has exited/);
});
