// Forked by hot-path.ts: one contender, alone in its process, so that its CPU time is its own and what the engine has
// learned from one contender's code does not slow another's.
import { type Contender, type ContenderName, type Form, startContender } from "./contenders.js";
import type { Answer } from "./servers.js";
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
  /** Of that, the main thread's; absent where the system does not report it. */
  readonly mainMs?: number;
}

async function carryOut(contender: Contender, order: RoundOrder): Promise<RoundCost> {
  if (order.profileInto === undefined) return runRound(contender, order);
  const { profileThreads } = await import("./thread-profile.js");
  return profileThreads(order.profileInto, () => runRound(contender, order), searchOf(contender, order).search);
}

async function runRound(contender: Contender, order: RoundOrder): Promise<RoundCost> {
  const { search, isAnswer } = searchOf(contender, order);
  const mainBeforeMs = mainThreadMs();
  const cpuBefore = process.cpuUsage();
  const startedAtMs = performance.now();
  let over = false;
  setTimeout(() => {
    over = true;
  }, order.forMs);
  let requests = 0;
  const slot = async () => {
    while (!over && requests < order.requestsMax) {
      requests++;
      if (!isAnswer(await search())) throw new Error("the answer is not what was served");
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

interface Search {
  search(): Promise<unknown>;
  isAnswer(answer: unknown): boolean;
}

function searchOf(contender: Contender, { answer: { index, bytes: byteLength }, form }: RoundOrder): Search {
  const { bytes } = contender;
  if (form === "parsed") return { search: () => contender.parsed(index), isAnswer: isSearchAnswer };
  if (bytes === undefined) throw new Error("this contender gives no bytes");
  return {
    search: () => bytes(index),
    isAnswer: (answer) => answer instanceof Uint8Array && answer.byteLength === byteLength,
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
