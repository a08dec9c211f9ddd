// Forked by hot-path-comparison.ts: searches through the pool of one checkout, alone in its process.
import { workerOf } from "../checkout.js";
import { startRollcall } from "../hot-path/contenders.js";
import { type RoundOrder, runRound } from "../hot-path/round.js";

const [checkout, threads, ...urls] = process.argv.slice(2);
const contender = startRollcall(await workerOf(checkout), urls, Number(threads));
process.on("message", (order: RoundOrder) => {
  void runRound(contender, order).then((cost) => process.send?.(cost));
});
process.once("disconnect", () => void contender.close());
