// Forked by hot-path.ts: one contender, alone in its process, so that its CPU time is its own and what the engine has
// learned from one contender's code does not slow another's.
import { type Contender, type ContenderName, type Form, startContender } from "./contenders.js";
import type { Answer } from "./hot-path-servers.js";
import { mainThreadMs } from "./thread-time.js";

/** A round to run. */
export interface RoundOrder {
  readonly answer: Answer;
  readonly form: Form;
  readonly forMs: number;
  readonly inFlight: number;
  /** No more requests than this are begun. */
  readonly requestsMax: number;
  /** Where every thread leaves a CPU profile of the round; absent: nothing is profiled. */
  readonly profileInto?: string;
}

/** What a round took. */
export interface RoundCost {
  readonly requests: number;
  readonly wallMs: number;
  /** User and system time of the whole process, its threads included. */
  readonly cpuMs: number;
  /** Of that, the main thread's; absent where the system does not tell. */
  readonly mainMs?: number;
}

async function carryOut(contender: Contender, order: RoundOrder): Promise<RoundCost> {
  if (order.profileInto === undefined) return runRound(contender, order);
  const { profileThreads } = await import("./thread-profile.js");
  return profileThreads(order.profileInto, () => runRound(contender, order), searchOf(contender, order));
}

async function runRound(contender: Contender, order: RoundOrder): Promise<RoundCost> {
  const search = searchOf(contender, order);
  const mainBeforeMs = mainThreadMs();
  const cpuBefore = process.cpuUsage();
  const startedAtMs = performance.now();
  const endAtMs = startedAtMs + order.forMs;
  let begun = 0;
  let requests = 0;
  const slot = async () => {
    while (begun < order.requestsMax && performance.now() < endAtMs) {
      begun++;
      await search();
      requests++;
    }
  };
  await Promise.all(Array.from({ length: order.inFlight }, slot));
  const { user, system } = process.cpuUsage(cpuBefore);
  const mainAfterMs = mainThreadMs();
  return {
    requests,
    wallMs: performance.now() - startedAtMs,
    cpuMs: (user + system) / 1_000,
    ...(mainBeforeMs === undefined || mainAfterMs === undefined ? {} : { mainMs: mainAfterMs - mainBeforeMs }),
  };
}

/** One search, and a look whether what it gives is the answer. */
function searchOf(contender: Contender, { answer: { index, bytes }, form }: RoundOrder): () => Promise<void> {
  if (form === "parsed") {
    return async () => {
      if (!isSearchAnswer(await contender.parsed(index))) throw new Error("the answer is not the answer of a search");
    };
  }
  return async () => {
    const body = await contender.bytes?.(index);
    if (body?.byteLength !== bytes) throw new Error("the answer has not the length that was served");
  };
}

function isSearchAnswer(answer: unknown): boolean {
  return typeof answer === "object" && answer !== null && "hits" in answer;
}

if (process.send !== undefined) {
  const [name, ...urls] = process.argv.slice(2);
  const contender = startContender(name as ContenderName, urls);
  process.on("message", (order: RoundOrder) => {
    void carryOut(contender, order).then((cost) => process.send?.(cost));
  });
  process.once("disconnect", () => void contender.close());
}
