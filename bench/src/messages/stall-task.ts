import { readFileSync } from "node:fs";

const tickMs = 2;

/** The most processor time of this thread between two turns of its event loop, in so many milliseconds of time. */
export default async function stall(ms: number): Promise<number> {
  let [lastMs, stallMs] = [threadMs(), 0];
  const ticking = setInterval(() => {
    const nowMs = threadMs();
    stallMs = Math.max(stallMs, nowMs - lastMs);
    lastMs = nowMs;
  }, tickMs);
  await new Promise((resolve) => setTimeout(resolve, ms));
  clearInterval(ticking);
  return stallMs;
}

/** How long the calling thread has been on a processor. */
function threadMs(): number {
  const [onProcessorNs] = readFileSync("/proc/thread-self/schedstat", "latin1").split(" ");
  return Number(onProcessorNs) / 1e6;
}
