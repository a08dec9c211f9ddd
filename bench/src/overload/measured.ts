import type { Contender } from "./client.js";
import { type Column, cellsOf, type Figures } from "./figures.js";

export const names: Readonly<Record<Contender, string>> = {
  adaptive: "Rollcall, `queue.adaptive`",
  "adaptive, 2 threads": "the same, two threads",
  "by default": "Rollcall by default",
  elasticsearch: "@elastic/elasticsearch",
  opensearch: "@opensearch-project/opensearch",
};

/** What is measured once a round; its row shows the medians. */
export interface Measured {
  readonly title: string;
  readonly columns: readonly Column[];
  readonly once: (round: number) => Promise<Figures>;
}

/** Runs the rows in turns, and the other way round in every second round. */
export async function measured(rows: readonly Measured[], rounds: number): Promise<string[][]> {
  const figures = rows.map((): Figures[] => []);
  for (let round = 0; round < rounds; round++) {
    const turns = [...rows.keys()];
    for (const at of round % 2 === 0 ? turns : turns.reverse()) {
      const row = rows[at];
      if (row === undefined) continue;
      const once = await row.once(round);
      figures[at]?.push(once);
      console.log([row.title, ...cellsOf(row.columns, [once])].join(" | "));
    }
  }
  return rows.map(({ title, columns }, at) => [title, ...cellsOf(columns, figures[at] ?? [])]);
}
