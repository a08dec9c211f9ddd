// Forked by observed.ts: a pool that is observed in one way, alone in its process.
import { createPool } from "@rollcall/worker";
import { contenderOf } from "../hot-path/contenders.js";
import { type RoundOrder, runRound } from "../hot-path/round.js";
import { type ObservationName, observations, observe } from "./observations.js";

const [name, threads, ...nodes] = process.argv.slice(2);
const pool = createPool({ nodes, threads: Number(threads), discovery: false, logger: false });
observe(pool, observations[name as ObservationName]);
const contender = contenderOf(pool);
process.on("message", (order: RoundOrder) => {
  void runRound(contender, order).then((cost) => process.send?.(cost));
});
process.once("disconnect", () => void contender.close());
