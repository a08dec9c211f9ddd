import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { own } from "@rollcall/testing/processes";

/** A process that carries out one order at a time and answers each with one message. */
export interface MeasuredProcess<Order, Answer> {
  /** @throws if the process ends before its answer */
  run(order: Order): Promise<Answer>;
  /** SIGSTOP */
  pause(): void;
  /** SIGCONT */
  resume(): void;
  stop(): Promise<unknown>;
}

export async function startMeasured<Order extends object, Answer>(
  program: URL,
  parameters: readonly string[],
  execArgv: readonly string[] = [],
): Promise<MeasuredProcess<Order, Answer>> {
  const child = fork(fileURLToPath(program), [...parameters], { execArgv: [...execArgv] });
  const owned = await own(child);
  const ended = owned.gone.then(({ code, signal }) => {
    throw new Error(`${program.pathname} ${parameters[0] ?? ""} has ended (${signal ?? code})`);
  });
  // An end between two orders shows in the next order.
  ended.catch(() => {});
  return {
    async run(order) {
      const answered = once(child, "message");
      child.send(order);
      const [answer] = await Promise.race([answered, ended]);
      return answer as Answer;
    },
    pause: () => owned.pause(),
    resume: () => owned.resume(),
    stop: () => owned.stop(),
  };
}

/** All items once a round, each round starting with another, so that a disturbance of the machine meets all alike. */
export function inTurns<Item>(items: readonly Item[], round: number): readonly Item[] {
  const first = round % items.length;
  return [...items.slice(first), ...items.slice(0, first)];
}
