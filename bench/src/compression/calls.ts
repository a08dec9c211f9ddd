import type { PoolRequest } from "@rollcall/worker";

export const index = "lines";
/** How many of these lines make about a megabyte. */
export const linesOfMegabyte = 2_850;

const words =
  "the a user request answer node shard index error timeout cache disk retry order payment basket login".split(" ");

/** A line of a log, as a document: the same for the same number. */
export function lineOf(number: number): object {
  // A multiplicative generator: the text must look like no other line's, and be the same in each run.
  let state = (number + 1) * 48_271;
  const next = (below: number) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
  return {
    "@timestamp": new Date(1_790_000_000_000 + number * 977).toISOString(),
    level: ["INFO", "INFO", "WARN", "ERROR"][next(4)],
    host: `web-${next(40)}.example.com`,
    trace: (next(2_147_483_647) * 4_194_304 + next(4_194_304)).toString(16),
    status: 200 + next(5),
    tookMs: next(2_000),
    message: Array.from({ length: 24 }, () => words[next(words.length)]).join(" "),
  };
}

const search = (size: number): PoolRequest => ({
  ...{ method: "POST", path: `/${index}/_search`, query: { size, request_cache: false } },
  body: { query: { match_all: {} } },
});

const bulk = (lines: number): PoolRequest => ({
  ...{ method: "POST", path: "/written/_bulk", query: { filter_path: "errors" } },
  ndjson: Array.from({ length: lines }, (_, at) => [{ index: {} }, lineOf(at)]).flat(),
});

export const calls = {
  "answer of 0.5 KB": search(1),
  "answer of 41 KB": search(116),
  "answer of 1 MB": search(linesOfMegabyte),
  "bulk of 8 KB": bulk(27),
  "bulk of 1 MB": bulk(3_400),
} as const;

export type CallName = keyof typeof calls;
