import assert from "node:assert/strict";
import { it } from "node:test";
import { describeUsageError } from "./usage-error.js";

it("a usage error is shown as commander words it, without what may be a secret", () => {
  const cases: readonly (readonly [code: string, message: string, shown: string])[] = [
    [
      "Option",
      "unknown option '--pasword'\n(Did you mean --pass?)",
      "unknown option --pasword\n(Did you mean --pass?)",
    ],
    ["Option", "unknown option '--pasword=it's\na secret'", "unknown option --pasword"],
    ["Option", "unknown option '-uelastic:secret'", "unknown option -u"],
    ["Command", "unknown command 'snif'\n(Did you mean sniff?)", "unknown command 'snif'\n(Did you mean sniff?)"],
    [
      "Command",
      "unknown command 'https://u:secret@es1'",
      "unknown command; to ask a cluster, write: rollcall sniff URL",
    ],
  ];
  for (const [what, message, shown] of cases) {
    assert.equal(describeUsageError({ code: `commander.unknown${what}`, message: `error: ${message}` }), shown);
  }
  const missing = { code: "commander.missingArgument", message: "error: missing required argument 'url'" };
  assert.equal(describeUsageError(missing), "missing required argument 'url'");
});
