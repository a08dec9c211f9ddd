import type { Diagnosis } from "./diagnose.js";
import type { Findings } from "./findings.js";
import { jsonText } from "./json-text.js";

/**
 * The findings and the diagnosis as JSON for scripts. Ends with a line break.
 *
 * `{ usable, verdict, advice, seeds, list }`: `usable` is the number of nodes that are kept; `list` is null if no
 * seed gave one. Their fields are those of {@link Findings}, but that `list.seed` is the seed's URL. A later release
 * may add fields; the texts of `verdict`, `advice` and `reason` may change.
 */
export function report({ seeds, list }: Findings, { verdict, advice }: Diagnosis): string {
  const usable = list?.nodes.filter((node) => node.verdict === "kept").length ?? 0;
  const ofList = list === undefined ? null : { ...list, seed: list.seed.url };
  return jsonText({ usable, verdict, advice, seeds, list: ofList });
}
