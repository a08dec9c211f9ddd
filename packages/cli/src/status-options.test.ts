import assert from "node:assert/strict";
import { it } from "node:test";
import { assertProblems, problemsOf } from "./options.test.support.js";
import { readStatusRequest, type StatusFlags } from "./status-options.js";

const enough: StatusFlags = { redis: "redis://:geheim@r", name: "logs", color: true };

it("the status needs the place of the view, and nothing else", async () => {
  assert.deepEqual(await readStatusRequest(enough), {
    place: { redis: { kind: "url", url: "redis://:geheim@r" }, name: "logs" },
    waitMs: 1_000,
    failOn: ["view", "no-node", "down", "draining"],
  });
  assert.equal((await readStatusRequest({ ...enough, wait: "2500" })).waitMs, 2_500);
  const failOn = async (given: string | readonly string[]) =>
    (await readStatusRequest({ ...enough, failOn: given })).failOn;
  assert.deepEqual(await failOn("down, view"), ["view", "down"]);
  assert.deepEqual(await failOn(["no-node"]), ["no-node"]);
});

it("all problems of the status flags are reported at once, by the flag's name, and no secret", async () => {
  for (const wait of ["99", "60001", "1.5", "-1", "soon"]) {
    const starts = `
      --wait must be
      --fail-on = "slow,": must name some of view, no-node, down, draining
      --redis = [redacted]: must be
      --name is missing: must be
    `;
    assertProblems(
      await problemsOf(
        readStatusRequest({ redis: "geheim", name: "", wait, failOn: ["view", "slow", ""], color: true }),
      ),
      starts,
    );
  }
});
