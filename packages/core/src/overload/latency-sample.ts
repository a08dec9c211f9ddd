/** So many latencies are kept of one window. */
const keptMax = 128;

/** The latencies of one window, thinned out evenly where they are many: constant memory, whatever the load. */
export class LatencySample {
  private kept: number[] = [];
  /** Each of so many is kept. */
  private stride = 1;
  private added = 0;

  /** How many were added. */
  get size(): number {
    return this.added;
  }

  add(latencyMs: number): void {
    if (this.added++ % this.stride !== 0) return;
    this.kept.push(latencyMs);
    if (this.kept.length < keptMax) return;
    this.kept = this.kept.filter((_, at) => at % 2 === 0);
    this.stride *= 2;
  }

  /** Of those added since the last call; 0 for none. Begins anew. */
  takeMedianMs(): number {
    const sorted = this.kept.sort((a, b) => a - b);
    const medianMs = sorted[Math.floor(sorted.length / 2)] ?? 0;
    this.kept = [];
    this.stride = 1;
    this.added = 0;
    return medianMs;
  }
}
