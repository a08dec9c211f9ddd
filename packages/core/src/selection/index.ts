export { type Roster, rosterOf, type SelectableNode } from "./eligible.js";
export { Exploration } from "./exploration.js";
export type { NodeReader } from "./node-reader.js";
export { Penalties } from "./penalties.js";
export { type Picked, pick, pickAmong } from "./pick-two.js";
