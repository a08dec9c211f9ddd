import assert from "node:assert/strict";
import { it } from "node:test";
import type { HistoryEntry } from "@rollcall/core/view";
import { type HistoryFlags, readHistoryRequest } from "./history-options.js";
import { reportHistory } from "./history-report.js";
import { assertProblems, problemsOf } from "./options.test.support.js";
import { showHistory } from "./show-history.js";
import { plain } from "./text-layout.js";

const nowMs = Date.UTC(2026, 10, 28, 19);
const minuteMs = 60_000;
const es2 = { key: "id2@10.0.0.2:9200", address: "10.0.0.2:9200", name: "es2" };
const by = "31dcd632-1111-4222-8333-444455556666";
const history: readonly HistoryEntry[] = [
  { atMs: nowMs - 90 * minuteMs, event: "leader.elected", text: "leads the view logs (epoch 1)", by },
  { atMs: nowMs - 40 * minuteMs, event: "node.down", node: es2, text: "node es2 (10.0.0.2:9200) is down: refused", by },
  { atMs: nowMs - 5 * minuteMs, event: "a.newer", text: "what a newer \u001b[2J version tells", by: "ops@laptop" },
];
const all = { view: "logs", nowMs, sinceMs: undefined, node: undefined };

it("the history shows an entry a line: clock, event, text and author, and counts them", () => {
  assert.equal(
    showHistory(reportHistory(history, all), plain),
    `2026-11-28T17:30:00.000Z  leader.elected  leads the view logs (epoch 1)  by 31dcd632
2026-11-28T18:20:00.000Z  node.down       node es2 (10.0.0.2:9200) is down: refused  by 31dcd632
2026-11-28T18:55:00.000Z  a.newer         what a newer \ufffd[2J version tells  by ops@laptop
3 of 3 entries of the view logs, kept since 2026-11-28T17:30:00.000Z
`,
  );
});

it("--since and --node choose entries, and the last line says of how many", () => {
  const chosen = (given: { readonly sinceMs?: number; readonly node?: string }) =>
    reportHistory(history, { ...all, ...given }).entries.map(({ event }) => event);
  assert.deepEqual(chosen({ sinceMs: 45 * minuteMs }), ["node.down", "a.newer"]);
  for (const node of ["es2", "10.0.0.2:9200", "10.0.0.2", "id2", es2.key])
    assert.deepEqual(chosen({ node }), ["node.down"]);
  assert.deepEqual(chosen({ node: "es1" }), []);
  const none = showHistory(reportHistory(history, { ...all, node: "es1" }), plain);
  assert.equal(none, "0 of 3 entries of the view logs, kept since 2026-11-28T17:30:00.000Z\n");
});

it("a view without a history is said apart from one whose entries were not chosen, and a full one from a whole one", () => {
  const absent = "the view logs has no history: no process has led it yet";
  assert.equal(showHistory(reportHistory(undefined, all), plain), `${absent}\n`);
  assert.deepEqual([reportHistory(undefined, all).problem, reportHistory([], all).problem], [absent, null]);
  const [entry = assert.fail("none")] = history;
  const full = reportHistory(
    Array.from({ length: 1_000 }, () => entry),
    all,
  );
  assert.match(showHistory(full, plain), /1000 of 1000 entries .*; what was before is not kept\n$/);
});

const enough: HistoryFlags = { redis: "redis://:geheim@r", name: "logs", color: true };

it("--since is a number and a unit; all problems of the flags are reported at once, and no secret", async () => {
  for (const [since, ms] of [
    ["90s", 90_000],
    ["30m", 1_800_000],
    ["12h", 43_200_000],
    ["7d", 604_800_000],
  ] as const) {
    assert.equal((await readHistoryRequest({ ...enough, since })).sinceMs, ms);
  }
  assert.deepEqual((await readHistoryRequest({ ...enough, since: "", node: "" })).sinceMs, undefined);
  for (const since of ["30", "0m", "-1m", "1.5h", "soon", "1w", "1000000d"]) {
    assertProblems(
      await problemsOf(readHistoryRequest({ redis: "geheim", name: "", since, color: true })),
      `--since = "${since}": must be a number from 1 to 99999 and s, m, h or d, such as 30m
       --redis = [redacted]: must be
       --name is missing: must be`,
    );
  }
});
