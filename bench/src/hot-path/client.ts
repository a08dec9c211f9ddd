// Forked by hot-path.ts: one contender, alone in its process, so that the CPU time is its own, and what the engine has
// optimised for one contender does not slow another.
import { type Contender, type ContenderName, startContender } from "./contenders.js";
import { type RoundCost, type RoundOrder, runRound, searchOf } from "./round.js";

async function carryOut(contender: Contender, order: RoundOrder): Promise<RoundCost> {
  if (order.profileInto === undefined) return runRound(contender, order);
  const { profileThreads } = await import("./thread-profile.js");
  return profileThreads(order.profileInto, () => runRound(contender, order), searchOf(contender, order).search);
}

if (process.send !== undefined) {
  const [name, ...urls] = process.argv.slice(2);
  const contender = startContender(name as ContenderName, urls);
  process.on("message", (order: RoundOrder) => {
    void carryOut(contender, order).then((cost) => process.send?.(cost));
  });
  process.once("disconnect", () => void contender.close());
}
