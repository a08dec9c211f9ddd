import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { describeUsageError } from "./usage-error.js";

describe("describeUsageError", () => {
  const cases: readonly { readonly code: string; readonly message: string; readonly says: string }[] = [
    {
      code: "commander.unknownOption",
      message: "error: unknown option '--pasword'\n(Did you mean --password?)",
      says: "unknown option --pasword\n(Did you mean --password?)",
    },
    {
      code: "commander.unknownOption",
      message: "error: unknown option '--pasword=it's\na secret'",
      says: "unknown option --pasword",
    },
    { code: "commander.unknownOption", message: "error: unknown option '-uelastic:secret'", says: "unknown option -u" },
    {
      code: "commander.unknownCommand",
      message: "error: unknown command 'snif'\n(Did you mean sniff?)",
      says: "unknown command 'snif'\n(Did you mean sniff?)",
    },
    {
      code: "commander.unknownCommand",
      message: "error: unknown command 'https://u:secret@es1'",
      says: "unknown command; to ask a cluster, write: rollcall sniff URL",
    },
    {
      code: "commander.missingArgument",
      message: "error: missing required argument 'url'",
      says: "missing required argument 'url'",
    },
  ];
  for (const { code, message, says } of cases) {
    it(`says ${JSON.stringify(says)}`, () => assert.equal(describeUsageError({ code, message }), says));
  }
});
