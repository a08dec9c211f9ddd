/** What `--seconds` may be: about how long the searches go on. */
export const secondsMin = 15;
export const secondsMax = 90;

/** With one pool one node is killed; with a fleet also Redis and the coordinator, so that it takes longer. */
export const defaultSeconds = { onePool: 45, fleet: 60 } as const;
