/** Three such nodes do 500 searches a second: a search takes 10 ms, a tenth of them 30 ms, one at a time for a worker. */
export const nodeTerms = { nodes: 3, workers: 2, searchMs: 10, longerMs: 30, longerPart: 0.1 } as const;

/** So long clients search before they measure: what is usual at this load must be known. */
export const usualMs = 5_000;

/** Of a search. */
export const timeoutMs = 5_000;

/** Clients of each run. */
export const processes = 4;
