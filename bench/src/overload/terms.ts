/** How long the searches of a node take. `mixed`: a share of them takes `longMs`, the others `shortMs`. */
export type Service =
  | { readonly kind: "exponential" | "steady" | "heavy"; readonly meanMs: number }
  | { readonly kind: "mixed"; readonly share: number; readonly longMs: number; readonly shortMs: number };

/** Nodes that are alike, and what calls to them may take. */
export interface ClusterTerms {
  readonly nodes: number;
  /** Searches that a node works on at a time. */
  readonly workers: number;
  /** Searches that may wait at a node; one more is answered with 429. */
  readonly queueMax: number;
  readonly service: Service;
  readonly timeoutMs: number;
}

/** Three such nodes do 300 searches a second: few enough for a small machine to drive many clients at three times that. */
export const usual: ClusterTerms = {
  ...{ nodes: 3, workers: 2, queueMax: 1_000, timeoutMs: 2_000 },
  service: { kind: "exponential", meanMs: 20 },
};

export function meanMsOf(service: Service): number {
  if (service.kind !== "mixed") return service.meanMs;
  return service.share * service.longMs + (1 - service.share) * service.shortMs;
}

export function perSecondOf({ nodes, workers, service }: ClusterTerms): number {
  return (nodes * workers * 1_000) / meanMsOf(service);
}

/** Pareto's exponent: one in 1,000 takes about 25 times the mean, and none more than 100 times. */
const exponent = 1.6;
const longestMeans = 100;

/** How long one search takes, by a number from 0 to 1 drawn for it. */
export function drawMs(service: Service, drawn: number): number {
  if (service.kind === "mixed") return drawn < service.share ? service.longMs : service.shortMs;
  const { kind, meanMs } = service;
  if (kind === "exponential") return -meanMs * Math.log(1 - drawn);
  if (kind === "steady") return meanMs * (0.8 + 0.4 * drawn);
  const leastMs = (meanMs * (exponent - 1)) / exponent;
  return Math.min(longestMeans * meanMs, leastMs * (1 - drawn) ** (-1 / exponent));
}
