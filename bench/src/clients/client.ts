// Forked by clients.ts: one client in one way, alone in its process, so that the processor time is its own.
import { type RoundOrder, runRound } from "../hot-path/round.js";
import { type ClientKindName, startClientContender, type Way } from "./client-contenders.js";

if (process.send !== undefined) {
  const [kind, way, ...urls] = process.argv.slice(2);
  const contender = startClientContender(kind as ClientKindName, way as Way, urls);
  process.on("message", (order: RoundOrder) => {
    void runRound(contender, order).then((cost) => process.send?.(cost));
  });
  process.once("disconnect", () => void contender.close());
}
