import type { Comparison } from "./compare-suite.js";

/** The counts of a run as a table, and each difference below it. */
export function reportOf(comparisons: readonly Comparison[]): string {
  const run = comparisons.filter((one) => one.kind !== "skipped");
  const same = run.filter(({ kind }) => kind === "same");
  const rows: readonly (readonly [string, number])[] = [
    ["tests", comparisons.length],
    ["run", run.length],
    ["passed alone and on the pool", same.filter(({ alone }) => alone.failure === undefined).length],
    [
      "failed alone and on the pool, with the same statuses",
      same.filter(({ alone }) => alone.failure !== undefined).length,
    ],
    ["different", run.length - same.length],
    ["calls compared", run.reduce((sum, { alone }) => sum + alone.statuses.length, 0)],
    ["skipped", comparisons.length - run.length],
    ...skips(comparisons),
  ];
  const table = rows.map(([what, count]) => `${String(count).padStart(7)}  ${what}`);
  return [...table, ...comparisons.flatMap(differenceOf)].join("\n");
}

function skips(comparisons: readonly Comparison[]): [string, number][] {
  const counts = new Map<string, number>();
  for (const one of comparisons) {
    if (one.kind === "skipped") counts.set(`  ${one.reason}`, (counts.get(`  ${one.reason}`) ?? 0) + 1);
  }
  return [...counts].sort(([, one], [, other]) => other - one);
}

function differenceOf(one: Comparison): string[] {
  if (one.kind !== "different") return [];
  const { test, alone, onPool } = one;
  const at = alone.statuses.findIndex((status, call) => status !== onPool.statuses[call]);
  const statuses = at < 0 ? [] : [`  call ${at + 1}: ${alone.statuses[at]} alone, ${onPool.statuses[at]} on the pool`];
  return [
    `different: ${test.file}, ${test.name}`,
    `  alone ${alone.failure ?? "passes"}`,
    `  on the pool ${onPool.failure ?? "passes"}`,
    ...statuses,
  ];
}
