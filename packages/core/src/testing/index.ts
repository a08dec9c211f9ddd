export { ManualTimers } from "./manual-timers.js";
export { seededRandom } from "./seeded-random.js";
