export {
  type ConnectionBudget,
  type ConnectionBudgetEvent,
  newConnectionBudget,
  nextConnectionBudget,
} from "./connection-budget.js";
export { type ConnectionClaim, type Counted, countThreads } from "./connection-claim.js";
export { connectionHeartbeat, nextOwnShare, type OwnShare, shareAtStart, shareOfOwnThreads } from "./own-share.js";
