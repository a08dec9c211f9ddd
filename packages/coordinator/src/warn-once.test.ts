import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { collectingLogger } from "@rollcall/testing";
import { WarnOnce } from "./warn-once.js";

describe("warnings that stay true", () => {
  it("a warning is logged when it becomes true, and again only after it was false", () => {
    const logger = collectingLogger();
    const warnings = new WarnOnce(logger);
    warnings.warn("a", "list.held", {}, "first");
    warnings.warn("a", "list.held", {}, "second");
    warnings.warn("b", "list.held", {}, "other");
    warnings.clear("a");
    warnings.warn("a", "list.held", {}, "third");
    assert.deepEqual(logger.messages("warn"), ["first", "other", "third"]);
  });

  it("the end of a warning is logged once, and not that of one that was never logged", () => {
    const logger = collectingLogger();
    const warnings = new WarnOnce(logger);
    warnings.end("a", "view.read", "over");
    warnings.warn("a", "view.unread", {}, "first");
    for (let round = 0; round < 2; round++) warnings.end("a", "view.read", "over");
    assert.deepEqual(logger.messages("info"), ["over"]);
  });

  it("a warning is logged again when its reason changes, each reason once, and at most eight", () => {
    const logger = collectingLogger();
    const warnings = new WarnOnce(logger);
    for (const reason of ["refused", "no memory", "refused", "no memory"])
      warnings.warn("lease", "lease.failed", {}, reason, reason);
    assert.deepEqual(logger.messages("warn"), ["refused", "no memory"]);
    for (let count = 0; count < 20; count++)
      warnings.warn("lease", "lease.failed", {}, `reason ${count}`, `reason ${count}`);
    assert.equal(logger.messages("warn").length, 8);
    warnings.clear("lease");
    warnings.warn("lease", "lease.failed", {}, "refused", "refused");
    assert.equal(logger.messages("warn").length, 9);
  });

  it("at most 1,000 warnings are active, however many nodes they name", () => {
    const logger = collectingLogger();
    const warnings = new WarnOnce(logger);
    for (let round = 0; round < 3; round++) {
      for (let node = 0; node < 1_500; node++) warnings.warn(`node ${node}`, "node.unreached", {}, "unusable");
    }
    assert.equal(logger.messages("warn").length, 1_000);
    warnings.clear("node 0");
    warnings.warn("node 1400", "node.unreached", {}, "unusable");
    assert.equal(logger.messages("warn").length, 1_001);
  });
});
