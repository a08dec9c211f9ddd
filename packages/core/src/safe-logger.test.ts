import assert from "node:assert/strict";
import { it } from "node:test";
import type { Logger } from "./logger.js";
import { safeLogger } from "./safe-logger.js";

it("a safe logger passes every line on, and ignores what the logger throws", () => {
  class Failing implements Logger {
    readonly lines: string[] = [];
    debug = (fields: object, message: string) => this.fail("debug", fields, message);
    info = (fields: object, message: string) => this.fail("info", fields, message);
    warn = (fields: object, message: string) => this.fail("warn", fields, message);
    error(fields: object, message: string): void {
      this.fail("error", fields, message);
    }
    private fail(level: string, fields: object, message: string): void {
      this.lines.push(`${level} ${JSON.stringify(fields)} ${message}`);
      throw new Error("the transport has exited");
    }
  }
  const failing = new Failing();
  const logger = safeLogger(failing);
  for (const level of ["debug", "info", "warn", "error"] as const) logger[level]({ node: "n1" }, "is down");
  assert.deepEqual(
    failing.lines,
    ["debug", "info", "warn", "error"].map((level) => `${level} {"node":"n1"} is down`),
  );
});
