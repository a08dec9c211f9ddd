import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RollcallError } from "@rollcall/core";
import { readStatusRequest, type StatusFlags } from "./status-options.js";

const enough: StatusFlags = { redis: "redis://:geheim@r", name: "logs", color: true };

describe("readStatusRequest", () => {
  it("needs to know where the view is, and nothing else", async () => {
    assert.deepEqual(await readStatusRequest(enough), {
      place: { redis: { kind: "url", url: "redis://:geheim@r" }, name: "logs" },
      waitMs: 1_000,
    });
    assert.equal((await readStatusRequest({ ...enough, wait: "2500" })).waitMs, 2_500);
  });

  it("tells every problem at once, by the flag's name, and no secret", async () => {
    for (const wait of ["99", "60001", "1.5", "-1", "soon"]) {
      await assert.rejects(readStatusRequest({ redis: "geheim", name: "", wait, color: true }), (error: unknown) => {
        assert.ok(error instanceof RollcallError && error.code === "CONFIG");
        assert.deepEqual(
          error.message.split("\n").map((line) => line.replace(/(?<=must be).*/, "")),
          ["--wait must be", "--redis = [redacted]: must be", "--name is missing: must be"],
        );
        assert.doesNotMatch(error.message, /geheim/);
        return true;
      });
    }
  });
});
