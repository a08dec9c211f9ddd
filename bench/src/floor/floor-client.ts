// Forked by rounds.ts: one contender, alone in its process.
import { type RoundOrder, runRound } from "../hot-path/round.js";
import { type FloorContender, startFloorContender } from "./floor-contenders.js";

if (process.send !== undefined) {
  const [name, threads, ...urls] = process.argv.slice(2);
  const contender = startFloorContender(name as FloorContender, Number(threads), urls);
  process.on("message", (order: RoundOrder) => {
    void runRound(contender, order).then((cost) => process.send?.(cost));
  });
  process.once("disconnect", () => void contender.close());
}
