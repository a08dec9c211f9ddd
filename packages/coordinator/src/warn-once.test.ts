import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { collectingLogger } from "@rollcall/testing";
import { WarnOnce } from "./warn-once.js";

describe("warnings that stay true", () => {
  it("a warning is logged when it becomes true, and again only after it was false", () => {
    const logger = collectingLogger();
    const warnings = new WarnOnce(logger);
    warnings.warn("a", {}, "first");
    warnings.warn("a", {}, "second");
    warnings.warn("b", {}, "other");
    warnings.clear("a");
    warnings.warn("a", {}, "third");
    assert.deepEqual(logger.messages("warn"), ["first", "other", "third"]);
  });

  it("at most 1,000 warnings are active, however many nodes they name", () => {
    const logger = collectingLogger();
    const warnings = new WarnOnce(logger);
    for (let round = 0; round < 3; round++) {
      for (let node = 0; node < 1_500; node++) warnings.warn(`node ${node}`, {}, "unusable");
    }
    assert.equal(logger.messages("warn").length, 1_000);
    warnings.clear("node 0");
    warnings.warn("node 1400", {}, "unusable");
    assert.equal(logger.messages("warn").length, 1_001);
  });
});
