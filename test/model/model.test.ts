import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { explore } from "./explore.js";
import { settings, weakened } from "./settings.js";
import { storyText } from "./story-text.js";

// `npm run model` goes further. Its stories, and the bounds of all this, stand in CONTRIBUTING.md.

describe("the protocol of the shared view, explored step by step", () => {
  for (const setting of settings) {
    it(`with ${setting.what}, two processes and a reader never come to a bad state`, (test) => {
      const { worlds, steps, isWhole, bad } = explore(setting, setting.worldsMax);
      assert.equal(bad && storyText(setting.what, bad), undefined);
      assert.equal(isWhole, setting.worldsMax === undefined);
      test.diagnostic(`${worlds} worlds, ${steps} steps`);
    });
  }

  const stories = readFileSync(new URL("../../model/testdata/stories.txt", import.meta.url), "utf8").split("\n\n");
  for (const [at, setting] of weakened.entries()) {
    it(`the exploration finds: ${setting.what}`, () => {
      const { bad } = explore(setting);
      assert.equal(bad && storyText(setting.what, bad).trim(), stories[at]?.trim());
    });
  }
});
