/** Three such nodes do 300 searches a second: few enough for a small machine to drive many clients at three times that. */
export const nodeTerms = { nodes: 3, workers: 2, serviceMs: 20 } as const;

export const timeoutMs = 2_000;
