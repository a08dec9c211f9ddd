import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { collectingLogger } from "@rollcall/testing";
import { WarnOnce } from "./warn-once.js";

describe("warnings that stay true", () => {
  it("a warning is logged when it becomes true, and again only after it was false", () => {
    const logger = collectingLogger();
    const notices = new WarnOnce(logger);
    notices.warn("a", {}, "first");
    notices.warn("a", {}, "second");
    notices.warn("b", {}, "other");
    notices.clear("a");
    notices.warn("a", {}, "third");
    assert.deepEqual(logger.messages("warn"), ["first", "other", "third"]);
  });

  it("at most 1,000 warnings are active, however many nodes they name", () => {
    const logger = collectingLogger();
    const notices = new WarnOnce(logger);
    for (let round = 0; round < 3; round++) {
      for (let node = 0; node < 1_500; node++) notices.warn(`node ${node}`, {}, "unusable");
    }
    assert.equal(logger.messages("warn").length, 1_000);
    notices.clear("node 0");
    notices.warn("node 1400", {}, "unusable");
    assert.equal(logger.messages("warn").length, 1_001);
  });
});
