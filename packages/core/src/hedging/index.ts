export { HedgeBudget } from "./hedge-budget.js";
export type { HedgeReader } from "./hedge-reader.js";
export { HedgedRead, type RacingAttempt } from "./hedged-read.js";
export { type HedgeCount, Hedging, type HedgingOwner, hedgeTickMs } from "./hedging.js";
