import type { SettledRequest } from "@rollcall/worker";
import { retryReason } from "./retry-reason.js";

/** Upper bounds in seconds: those that OpenTelemetry advises for `db.client.operation.duration`, with more between. */
export const durationBounds: readonly number[] = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
];

/** What is counted of the requests of one class at one node. */
export class ClassCounts {
  /** How many took so long: by the first bound that is not below the duration; the last beyond all. */
  readonly buckets = new Float64Array(durationBounds.length + 1);
  seconds = 0;
  requests = 0;
  readonly results = new Map<string, number>();
  /** Of attempts at this node that had a further one. */
  readonly retries = new Map<string, number>();
  reroutes = 0;

  settled(seconds: number, result: string): void {
    let at = 0;
    while (at < durationBounds.length && seconds > (durationBounds[at] ?? 0)) at++;
    this.buckets[at] = (this.buckets[at] ?? 0) + 1;
    this.seconds += seconds;
    this.requests++;
    add(this.results, result);
  }

  /** An attempt had a further one. */
  movedOn(code: string): void {
    if (code === "REROUTED") this.reroutes++;
    else if (code !== "OUTRUN") add(this.retries, retryReason(code));
  }
}

type ByClass = Map<SettledRequest["class"], ClassCounts>;

/** Where requests are counted that were sent to no node. */
const noNode = "";

/**
 * Counts the requests that settle, by node and class. It is called for each request, so it makes nothing but the first
 * time; a registry's own histograms make a key of the labels each time.
 */
export class RequestCounts {
  private readonly nodes = new Map<string, ByClass>();

  count({ class: requestClass, node = noNode, outcome, status, durationMs, attempts }: SettledRequest): void {
    const result = outcome === "answered" ? statusResult(status ?? 0) : outcome;
    this.of(node, requestClass).settled(durationMs / 1_000, result);
    if (attempts.length < 2) return;
    for (const attempt of attempts.slice(0, -1)) this.of(attempt.node, requestClass).movedOn(attempt.code);
  }

  get nodeCount(): number {
    return this.nodes.size;
  }

  /** Drops the counts of all other nodes. */
  keep(nodes: ReadonlySet<string>): void {
    for (const node of this.nodes.keys()) if (node !== noNode && !nodes.has(node)) this.nodes.delete(node);
  }

  *all(): Generator<{ readonly node: string; readonly class: string; readonly counts: ClassCounts }> {
    for (const [node, classes] of this.nodes) {
      for (const [requestClass, counts] of classes) yield { node, class: requestClass, counts };
    }
  }

  private of(node: string, requestClass: SettledRequest["class"]): ClassCounts {
    const known = this.nodes.get(node)?.get(requestClass);
    if (known !== undefined) return known;
    const counts = new ClassCounts();
    this.nodes.set(node, (this.nodes.get(node) ?? new Map()).set(requestClass, counts));
    return counts;
  }
}

/** Statuses that say "not now" stand alone; the others by their hundred. */
function statusResult(status: number): string {
  switch (status) {
    case 429:
      return "429";
    case 502:
      return "502";
    case 503:
      return "503";
    case 504:
      return "504";
    default:
      return hundreds[Math.floor(status / 100)] ?? "other";
  }
}

const hundreds = [undefined, "1xx", "2xx", "3xx", "4xx", "5xx"] as const;

function add(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
