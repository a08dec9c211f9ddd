import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { nothingIsLeftOf, startDemo } from "./support-demo.js";

/** In the middle of each phase, with its target dead or on its way back. */
const moments = ["starting n2 again", "killing Redis"];

describe("demo, Ctrl-C", () => {
  for (const moment of moments) {
    it(`Ctrl-C at "${moment}" ends the demo with its summary, and leaves nothing behind`, async () => {
      await using demo = await startDemo(["--fixture", "--seconds", "15"]);
      await demo.says(moment);
      demo.interruptAll();
      const { code, output } = await demo.ended();
      assert.equal(code, 0, output);
      assert.match(output, /^[\d,]+ searches, 0 failed, slowest [\s\S]*^Every search was answered\.$/m);
      await nothingIsLeftOf(demo);
    });
  }
});
