/** Counts of this process since its start, of what requests suffer while a node or the shared view is away. */
export interface Troubles {
  /** Attempts beyond the first of a request. */
  readonly retries: number;
  /** Reads that left a stalled node. */
  readonly reroutes: number;
  /** Requests that were rejected. */
  readonly failed: number;
  /** How often a write has waited, for a connection or for its next attempt. */
  readonly writeWaits: number;
}

/** What an incident has cost this process: all that went wrong meanwhile, whatever the cause. */
export interface IncidentCost extends Troubles {
  readonly forMs: number;
}

/** How old a sample may be that an incident begins with: requests fail for a moment before a node is ejected. */
const sampleMaxAgeMs = 5_000;

interface Sample {
  readonly atMs: number;
  readonly troubles: Troubles;
}

/** Measures incidents by samples of the counts, so that requests pay nothing for it. */
export class IncidentMeter {
  private samples: readonly Sample[] = [];

  constructor(
    private readonly troubles: () => Troubles,
    private readonly nowMs: () => number,
  ) {}

  /** To be called every few seconds. */
  sample(): void {
    this.samples = [...this.samples.slice(-1), this.now()];
  }

  /** An incident has begun that long ago. Returns what measures it at its end: with what was before by a few seconds. */
  begin(agoMs = 0): () => IncidentCost {
    const now = this.now();
    const atMs = now.atMs - agoMs;
    const before = this.samples.find((sample) => atMs - sample.atMs <= sampleMaxAgeMs)?.troubles ?? now.troubles;
    return () => {
      const end = this.now();
      return {
        forMs: Math.round(end.atMs - atMs),
        retries: end.troubles.retries - before.retries,
        reroutes: end.troubles.reroutes - before.reroutes,
        failed: end.troubles.failed - before.failed,
        writeWaits: end.troubles.writeWaits - before.writeWaits,
      };
    };
  }

  private now(): Sample {
    return { atMs: this.nowMs(), troubles: this.troubles() };
  }
}

/** For people: `after 12 s: 31 retries, 4 reads rerouted, 0 requests failed, 2 waits of writes`. */
export function costText({ forMs, retries, reroutes, failed, writeWaits }: IncidentCost): string {
  const counts = [
    counted(retries, "retry", "retries"),
    counted(reroutes, "read rerouted", "reads rerouted"),
    counted(failed, "request failed", "requests failed"),
    counted(writeWaits, "wait of writes", "waits of writes"),
  ];
  return `after ${Math.round(forMs / 1_000)} s: ${counts.join(", ")}`;
}

/** Whether requests have suffered at all. */
export function hasCost({ retries, reroutes, failed, writeWaits }: IncidentCost): boolean {
  return retries + reroutes + failed + writeWaits > 0;
}

function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}
