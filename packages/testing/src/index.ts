// What costs nothing to load. Parts that start processes have entry points of their own: see the package's `exports`.
export { canariesIn, canary, hasCanaries, searchForCanaries } from "./canary.js";
export { type CollectingLogger, collectingLogger } from "./collecting-logger.js";
export { freePort } from "./free-port.js";
export { ManualTimers } from "./manual-timers.js";
export { seededRandom } from "./seeded-random.js";
export { settled } from "./settled.js";
export { type WaitOptions, waitUntil } from "./wait-until.js";
