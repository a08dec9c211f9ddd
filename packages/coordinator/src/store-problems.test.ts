import assert from "node:assert/strict";
import { it } from "node:test";
import { collectingLogger } from "@rollcall/testing";
import { redisError } from "./store/redis-problem.js";
import { StoreProblems } from "./store-problems.js";
import { WarnOnce } from "./warn-once.js";

it("why the lease fails is logged again when the reason changes, and not while Redis is merely away in other words", () => {
  const logger = collectingLogger();
  const problems = new StoreProblems(new WarnOnce(logger), { isConnected: true });
  for (const message of [
    "Connection is closed.",
    "Command timed out",
    "OOM command not allowed",
    "Command timed out",
  ]) {
    problems.failed("lease", redisError(new Error(message)), "the lease could not be renewed");
  }
  const [away, full, ...more] = logger.messages("warn");
  assert.match(away ?? "", /could not be renewed: Redis: connection lost$/);
  assert.match(full ?? "", /could not be renewed: Redis: it is full \(OOM\)/);
  assert.deepEqual(more, []);
  problems.answered("lease");
  problems.answered("lease");
  problems.answered("last view");
  assert.deepEqual(logger.messages("info"), ["the store answers requests for the lease again"]);
});

it("what a store without a connection could not do is not logged, unless it is for another reason", () => {
  const logger = collectingLogger();
  const problems = new StoreProblems(new WarnOnce(logger), { isConnected: false });
  problems.failed("last view", redisError(new Error("Stream isn't writeable")), "the last view could not be read");
  assert.deepEqual(logger.lines, []);
  assert.match(problems.problem ?? "", /could not be read: Redis: not connected$/);
  problems.failed("lease", redisError(new Error("OOM command not allowed")), "the lease could not be requested");
  assert.equal(logger.messages("warn").length, 1);
});
