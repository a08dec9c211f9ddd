import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
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

it("the secret of a view is given by a flag, or by a file that stays one if it can be read again", async () => {
  const folder = await mkdtemp(join(tmpdir(), "rollcall-"));
  try {
    const secretFile = join(folder, "secret");
    await writeFile(secretFile, "0123456789abcdef\n");
    const place = async (flags: Partial<StatusFlags>) => (await readStatusRequest({ ...enough, ...flags })).place;
    assert.equal((await place({ secretFile })).secretFile, secretFile);
    assert.deepEqual((await place({ secret: "0123456789abcdef" })).secret, ["0123456789abcdef"]);
    assert.deepEqual((await place({ secret: "" })).secret, undefined);
    const wrong = (flags: Partial<StatusFlags>) => problemsOf(readStatusRequest({ ...enough, ...flags }));
    assert.deepEqual(await wrong({ secret: "geheim" }), [
      "--secret = [redacted]: must be 16 to 1024 bytes of text, without white space at its ends",
    ]);
    assert.match(
      (await wrong({ secret: "0123456789abcdef", secretFile })).join(),
      /^--secret and --secret-file are both/,
    );
    assert.match((await wrong({ secretFile: "/nowhere" })).join(), /^--secret-file: cannot read the file "\/nowhere"/);
  } finally {
    await rm(folder, { recursive: true });
  }
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
