export { HedgeBudget } from "./hedge-budget.js";
export type { HedgeReader } from "./hedge-reader.js";
export type { HedgedRead, RacingAttempt } from "./hedged-read.js";
export { type HedgeCount, Hedging, type HedgingOwner, hedgeCounts, hedgeTickMs } from "./hedging.js";
