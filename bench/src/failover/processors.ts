import { cpus } from "node:os";

/** A client that waits for a processor is not what is measured. */
const busyMax = 0.85;

/** The part of the processors' time that the whole machine uses while `work` runs, 0 to 1. */
export async function busyPartOf(work: () => Promise<unknown>): Promise<number> {
  const before = processorTimes();
  await work();
  const after = processorTimes();
  return 1 - (after.idleMs - before.idleMs) / (after.allMs - before.allMs);
}

/** For the report: one part for each round. */
export function busyText(parts: readonly number[]): string {
  const percents = parts.map((part) => (part * 100).toFixed(0)).join(", ");
  const warning = parts.some((part) => part > busyMax)
    ? " **That is too busy: these figures are the machine's, not the clients'.**"
    : "";
  return `In the healthy seconds the processors were ${percents} % busy.${warning}`;
}

function processorTimes(): { readonly idleMs: number; readonly allMs: number } {
  const times = cpus().map((cpu) => cpu.times);
  const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
  return { idleMs: sum(times.map(({ idle }) => idle)), allMs: sum(times.flatMap((one) => Object.values(one))) };
}
