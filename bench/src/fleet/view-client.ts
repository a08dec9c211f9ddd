// Forked by view.ts with --expose-gc: what a view of many nodes costs, step by step, in one process.
import { fixed, parsePoolConfig } from "@rollcall/core/config";
import { type Cost, CostList } from "./cost-list.js";
import { measureMain } from "./view-main-costs.js";
import { ViewSample } from "./view-sample.js";
import { measureThread } from "./view-thread-costs.js";

export interface ViewOrder {
  readonly nodes: number;
  readonly marked: number;
}

const threads = 2;

process.on("message", ({ nodes, marked }: ViewOrder) => {
  const config = parsePoolConfig(
    { nodes: ["http://10.0.0.1:9200"], threads, logger: false },
    { cores: 2, heapLimitBytes: 4_294_967_296 },
  );
  const layout = { slots: fixed.slotsMax, threads };
  const list = new CostList();
  const result = measureMain(new ViewSample(nodes, marked), config, layout, list);
  measureThread(result, config, layout, list);
  process.send?.(list.costs satisfies readonly Cost[]);
});
process.once("disconnect", () => process.exit(0));
