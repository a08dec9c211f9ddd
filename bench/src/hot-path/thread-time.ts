import { readFileSync } from "node:fs";

/**
 * How long the main thread of this process has been on a processor, in milliseconds; undefined where the system does
 * not report it (anything but Linux). In contrast to `process.cpuUsage()`, which is of the whole process, helper
 * threads included.
 */
export function mainThreadMs(): number | undefined {
  try {
    // Nanoseconds on a processor, nanoseconds of waiting for one, turns. The main thread's id is the process's.
    const [onProcessorNs] = readFileSync(`/proc/self/task/${process.pid}/schedstat`, "latin1").split(" ");
    return Number(onProcessorNs) / 1e6;
  } catch {
    return undefined;
  }
}
