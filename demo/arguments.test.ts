import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readArguments } from "./arguments.js";

function problemOf(argv: readonly string[], env: Record<string, string> = {}): string {
  const choice = readArguments(argv, env);
  assert.equal(choice.kind, "problem");
  return choice.kind === "problem" ? choice.message : "";
}

describe("the command line", () => {
  it("asks for our own cluster, and as long as there is to see, when it is empty", () => {
    assert.deepEqual(readArguments([], {}), { kind: "own", fixture: false });
    assert.deepEqual(readArguments(["--fixture", "--seconds", "20"], {}), { kind: "own", fixture: true, seconds: 20 });
  });

  it("takes the nodes of another cluster, and a user for it from the environment", () => {
    const argv = ["--nodes", "https://es1:9200, http://es2:9200"];
    const nodes = ["https://es1:9200", "http://es2:9200"];
    assert.deepEqual(readArguments(argv, {}), { kind: "given", nodes });
    const auth = { username: "u", password: "p" };
    assert.deepEqual(readArguments(argv, { ROLLCALL_USERNAME: "u", ROLLCALL_PASSWORD: "p" }), {
      kind: "given",
      nodes,
      auth,
    });
  });

  it("gives help, whatever else is there", () => {
    assert.deepEqual(readArguments(["--seconds", "x", "--help"], {}), { kind: "help" });
  });

  it("refuses what it does not know, naming the option", () => {
    assert.match(problemOf(["--fixtures"]), /--fixtures/);
    assert.match(problemOf(["--nodes"]), /--nodes/);
    for (const text of ["", " ", "x", "1.5", "14", "91", "Infinity"]) {
      assert.match(problemOf(["--seconds", text]), /--seconds must be a whole number from 15 to 90/);
    }
    assert.match(problemOf(["--nodes", "http://a,,http://b"]), /--nodes/);
  });

  it("refuses what contradicts itself", () => {
    assert.match(problemOf(["--nodes", "http://a:9200", "--fixture"]), /exclude/);
    assert.match(problemOf(["--nodes", "http://a:9200"], { ROLLCALL_USERNAME: "u" }), /ROLLCALL_PASSWORD/);
  });

  it("repeats no argument that may hold a password", () => {
    const message = problemOf(["--nodes", "http://u:secret@a:9200,", "http://u:secret@b:9200"]);
    assert.doesNotMatch(message, /secret/);
  });
});
