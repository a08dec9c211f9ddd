import { explore } from "./explore.js";
import { deepSettings, deepWeakened, settings, weakened } from "./settings.js";
import { storyText } from "./story-text.js";

/**
 * npm run model
 *
 * Explores the protocol further than the tests do, and prints the shortest story of each weakened one. Ends with 1 if the
 * rules of the product lead to what must never happen, or a weakened one does not.
 */
let failed = 0;
for (const setting of [...settings, ...deepSettings]) {
  const startedMs = performance.now();
  const { worlds, steps, isWhole, bad } = explore(setting, setting.worldsMax);
  const took = `${((performance.now() - startedMs) / 1_000).toFixed(0)} s`;
  const extent = isWhole ? "all" : "the nearest";
  console.log(
    `${setting.what}: ${bad === undefined ? "holds" : "FAILS"} (${extent} ${worlds} worlds, ${steps} steps, ${took})`,
  );
  if (bad === undefined) continue;
  failed++;
  console.log(storyText(setting.what, bad));
}
for (const setting of [...weakened, ...deepWeakened]) {
  const { bad } = explore(setting);
  if (bad === undefined) failed++;
  console.log(bad === undefined ? `NOTHING is found: ${setting.what}` : storyText(setting.what, bad));
}
if (failed > 0) process.exitCode = 1;
