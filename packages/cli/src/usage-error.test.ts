import assert from "node:assert/strict";
import { it } from "node:test";
import { describeUsageError } from "./usage-error.js";

it("a usage error is shown as commander words it, without what may be a secret", () => {
  const cases: readonly (readonly [code: string, message: string, shown: string])[] = [
    [
      "unknownOption",
      "unknown option '--pasword'\n(Did you mean --pass?)",
      "unknown option --pasword\n(Did you mean --pass?)",
    ],
    ["unknownOption", "unknown option '--pasword=it's\na secret'", "unknown option --pasword"],
    ["unknownOption", "unknown option '-uelastic:secret'", "unknown option -u"],
    [
      "unknownCommand",
      "unknown command 'snif'\n(Did you mean sniff?)",
      "unknown command 'snif'\n(Did you mean sniff?)",
    ],
    [
      "unknownCommand",
      "unknown command 'https://u:secret@es1'",
      "unknown command; to ask a cluster, write: rollcall sniff URL",
    ],
    ["missingArgument", "missing required argument 'url'", "missing required argument 'url'"],
  ];
  for (const [code, message, shown] of cases) {
    assert.equal(describeUsageError({ code: `commander.${code}`, message: `error: ${message}` }), shown);
  }
});
