import type { Contender, Form } from "./contenders.js";
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

/** Keeps so many requests in flight for so long, and measures what they cost this process. */
export async function runRound(contender: Contender, order: RoundOrder): Promise<RoundCost> {
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

export function searchOf(contender: Contender, { answer: { index, bytes: byteLength }, form }: RoundOrder): Search {
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
