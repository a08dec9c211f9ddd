export { type Candidate, type Roster, rosterOf } from "./eligible.js";
export { type NodeReader, type Picked, pick } from "./pick-two.js";
