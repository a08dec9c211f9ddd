import assert from "node:assert/strict";
import { RollcallError } from "@rollcall/core";

/** What is wrong with options that are read, one line a problem. No line may hold the secret `geheim`. */
export async function problemsOf(reading: Promise<unknown>): Promise<readonly string[]> {
  const error = await reading.then(
    () => assert.fail("nothing was wrong"),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof RollcallError && error.code === "CONFIG", String(error));
  assert.doesNotMatch(error.message, /geheim/);
  return error.message.split("\n");
}

/** There are as many problems as lines in `starts`, and one begins as each line does. */
export function assertProblems(problems: readonly string[], starts: string): void {
  const lines = starts.trim().split(/\n\s*/);
  const missing = lines.filter((start) => !problems.some((problem) => problem.startsWith(start)));
  assert.deepEqual([missing, problems.length], [[], lines.length], problems.join("\n"));
}
