import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readArguments } from "./arguments.js";

const nodes = ["https://es1:9200", "http://es2:9200"];
const user = { ROLLCALL_USERNAME: "u", ROLLCALL_PASSWORD: "p" };

describe("demo", () => {
  it("the demo's command line maps each combination of options and environment to one choice", () => {
    for (const [argv, env, choice] of [
      [[], {}, { kind: "own", fixture: false }],
      [["--fixture", "--seconds", "20"], {}, { kind: "own", fixture: true, seconds: 20 }],
      [["--nodes", nodes.join(", ")], {}, { kind: "given", nodes }],
      [["--nodes", nodes.join()], user, { kind: "given", nodes, auth: { username: "u", password: "p" } }],
      [["--seconds", "x", "--help"], {}, { kind: "help" }],
    ] as const) {
      assert.deepEqual(readArguments(argv, env), choice);
    }
  });

  it("the demo's command line names the option that is unknown, wrong or contradicts another, and never its value", () => {
    const seconds = ["", " ", "x", "1.5", "14", "91", "Infinity"].map((text) => ["--seconds", text]);
    for (const [argv, env, problem] of [
      [["--fixtures"], {}, /--fixtures/],
      [["--nodes"], {}, /--nodes/],
      [["--nodes", "http://a,,http://b"], {}, /--nodes/],
      [["--nodes", "http://a:9200", "--fixture"], {}, /exclude/],
      [["--nodes", "http://a:9200"], { ROLLCALL_USERNAME: "u" }, /ROLLCALL_PASSWORD/],
      [["--nodes", "http://u:secret@a:9200,", "http://u:secret@b:9200"], {}, /no spaces/],
      ...seconds.map((argv) => [argv, {}, /--seconds must be a whole number from 15 to 90/] as const),
    ] as const) {
      const choice = readArguments(argv, env);
      assert.ok(choice.kind === "problem", argv.join(" "));
      assert.match(choice.message, problem);
      assert.doesNotMatch(choice.message, /secret/);
    }
  });
});
