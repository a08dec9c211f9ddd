// Forked by hot-path.ts: one contender, alone in its process, so that its CPU time is its own and what the engine has
// learned from one contender's code does not slow another's.
import { type ContenderName, startContender } from "./contenders.js";

/** A round to run. */
export interface RoundOrder {
  readonly index: string;
  readonly forMs: number;
  readonly inFlight: number;
  /** No more requests than this are begun. */
  readonly requestsMax: number;
}

/** What a round took. */
export interface RoundCost {
  readonly requests: number;
  readonly wallMs: number;
  /** User and system time of the whole process, its helper threads included. */
  readonly cpuMs: number;
}

async function runRound(search: (index: string) => Promise<unknown>, order: RoundOrder): Promise<RoundCost> {
  const cpuBefore = process.cpuUsage();
  const startedAtMs = performance.now();
  const endAtMs = startedAtMs + order.forMs;
  let begun = 0;
  let requests = 0;
  const slot = async () => {
    while (begun < order.requestsMax && performance.now() < endAtMs) {
      begun++;
      if (!isSearchAnswer(await search(order.index))) throw new Error("the answer is not the answer of a search");
      requests++;
    }
  };
  await Promise.all(Array.from({ length: order.inFlight }, slot));
  const { user, system } = process.cpuUsage(cpuBefore);
  return { requests, wallMs: performance.now() - startedAtMs, cpuMs: (user + system) / 1_000 };
}

function isSearchAnswer(answer: unknown): boolean {
  return typeof answer === "object" && answer !== null && "hits" in answer;
}

if (process.send !== undefined) {
  const [name, ...urls] = process.argv.slice(2);
  const contender = startContender(name as ContenderName, urls);
  process.on("message", (order: RoundOrder) => {
    void runRound((index) => contender.search(index), order).then((cost) => process.send?.(cost));
  });
  process.once("disconnect", () => void contender.close());
}
