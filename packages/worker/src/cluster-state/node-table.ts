import { createTable, type TableLayout } from "../table/layout.js";
import { TablePenalties } from "../table/penalties.js";
import { TableTotals } from "../table/totals.js";
import { TableTraffic } from "../table/traffic.js";
import { TableWriter } from "../table/writer.js";

/** The node table as the main thread has it: the words that all threads share, and its own access to them. */
export interface NodeTable {
  readonly words: Int32Array;
  readonly layout: TableLayout;
  readonly writer: TableWriter;
  readonly totals: TableTotals;
  readonly traffic: TableTraffic;
  readonly penalties: TablePenalties;
}

export function createNodeTable(layout: TableLayout): NodeTable {
  const words = createTable(layout);
  return {
    words,
    layout,
    writer: new TableWriter(words),
    totals: new TableTotals(words, layout),
    traffic: new TableTraffic(words, layout),
    penalties: new TablePenalties(words, layout),
  };
}
