export { type Roster, rosterOf, type SelectableNode } from "./eligible.js";
export { Exploration } from "./exploration.js";
export type { NodeReader } from "./node-reader.js";
export { judgeBySelection, type SelectionVerdict } from "./node-selection.js";
export { Penalties, penalizedAbove, penaltiesKeptMs } from "./penalties.js";
export { figure, type NodePenalty, penaltyText } from "./penalty-figures.js";
export {
  clearStanding,
  nextPenaltyStanding,
  type Penalized,
  type PenaltyStanding,
  penalizedOf,
} from "./penalty-standing.js";
export { type Picked, pick, pickAmong } from "./pick-two.js";
