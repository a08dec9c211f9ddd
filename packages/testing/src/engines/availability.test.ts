import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { engineAvailability, requireEngines } from "./availability.js";

describe("engine availability", () => {
  it("names all that is missing and the line to type, and the engine tests fail with the same words", async () => {
    const path = process.env.PATH;
    process.env.PATH = "/nonexistent";
    try {
      const found = await engineAvailability();
      assert.ok(!found.available);
      assert.deepEqual(found.missing, ["java (a JDK, 17 or newer)", "mvn (Maven)"]);
      assert.match(found.hint, /^apt-get install -y openjdk-17-jdk-headless maven$/);
      await assert.rejects(requireEngines(), /need java .* and mvn .*apt-get install/);
    } finally {
      process.env.PATH = path;
    }
  });
});
