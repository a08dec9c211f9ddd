import { median } from "../statistics.js";

/** One line of the table: what was measured, and the value with its unit. */
export interface Cost {
  readonly what: string;
  readonly value: string;
}

const warmUps = 3;
const repeats = 15;
const copies = 8;
/** The heap varies by as much for reasons that are not measured. */
const heapNoiseBytes = 50_000;

/** Measures work and notes what it costs, line by line. */
export class CostList {
  readonly costs: Cost[] = [];

  milliseconds(what: string, ms: number): void {
    this.costs.push({ what, value: `${ms.toFixed(ms < 1 ? 2 : 1)} ms` });
  }

  microseconds(what: string, ms: number): void {
    this.costs.push({ what, value: `${(ms * 1_000).toFixed(1)} us` });
  }

  kilobytes(what: string, bytes: number): void {
    this.costs.push({ what, value: `${(bytes / 1_000).toFixed(bytes < 10_000 ? 1 : 0)} KB` });
  }

  heap(what: string, bytes: number): void {
    if (bytes >= heapNoiseBytes) this.kilobytes(what, bytes);
    else this.costs.push({ what, value: `< ${heapNoiseBytes / 1_000} KB` });
  }
}

/** The median of 15 runs in milliseconds; `inner`: calls in each, for work that is too short for the clock. */
export function medianMs(work: () => unknown, inner = 1): number {
  const times: number[] = [];
  for (let repeat = -warmUps; repeat < repeats; repeat++) {
    const startedMs = performance.now();
    for (let time = 0; time < inner; time++) work();
    if (repeat >= 0) times.push((performance.now() - startedMs) / inner);
  }
  return median(times);
}

/** Bytes of the heap that one object keeps after its work, once the garbage is collected. Needs `--expose-gc`. */
export function heapBytesOf<T>(make: () => T, work: (one: T) => void): number {
  const kept: T[] = [];
  const add = () => {
    const one = make();
    work(one);
    kept.push(one);
  };
  // The first one also makes what all share.
  add();
  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  for (let copy = 0; copy < copies; copy++) add();
  globalThis.gc?.();
  const bytes = (process.memoryUsage().heapUsed - before) / copies;
  // `kept` must live until here.
  return kept.length > copies ? bytes : Number.NaN;
}
