export { LoadControl, type LoadControlOptions, type LoadFigures } from "./load-control.js";
export { type Priority, priorities, rankOf } from "./priority.js";
export { type Refusal, refusals } from "./refusal.js";
