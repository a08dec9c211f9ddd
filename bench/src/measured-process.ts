import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { own } from "@rollcall/testing/processes";

/** A process that carries out one order at a time and answers each with one message. */
export interface MeasuredProcess<Order, Answer> {
  run(order: Order): Promise<Answer>;
  stop(): Promise<unknown>;
}

/** Forks a program of this folder. @throws from `run`, if the process has ended before its time */
export async function startMeasured<Order extends object, Answer>(
  program: string,
  words: readonly string[],
  execArgv: readonly string[] = [],
): Promise<MeasuredProcess<Order, Answer>> {
  const child = fork(fileURLToPath(new URL(program, import.meta.url)), [...words], { execArgv: [...execArgv] });
  const owned = await own(child);
  const died = owned.gone.then(() => {
    throw new Error(`${program} ${words[0] ?? ""} ended before its time`);
  });
  // Only of interest while an order is carried out.
  died.catch(() => {});
  return {
    async run(order) {
      const answered = once(child, "message");
      child.send(order);
      const [answer] = await Promise.race([answered, died]);
      return answer as Answer;
    },
    stop: () => owned.stop(),
  };
}

/** Each once a round, each round beginning with another: whatever else the machine does then meets all of them alike. */
export function inTurns<Item>(items: readonly Item[], round: number): readonly Item[] {
  const first = round % items.length;
  return [...items.slice(first), ...items.slice(0, first)];
}
