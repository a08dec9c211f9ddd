import { table } from "./report.js";
import { median } from "./statistics.js";

/** A goal, and what was measured in each round. */
export interface Finding {
  readonly what: string;
  readonly atMost: number;
  /** Empty: it cannot be measured here. */
  readonly values: readonly number[];
  readonly digits: number;
  readonly unit?: string;
}

/** The median decides; the brackets hold the least and the most, so that the noise shows. */
export function goalTable(findings: readonly Finding[]): string {
  return table(
    ["", "at most", "measured", "reached"],
    findings.map(({ what, atMost, values, digits, unit = "" }) => {
      const shown = (value: number) => `${value.toFixed(digits)}${unit}`;
      const limit = `${Number(atMost.toFixed(3))}${unit}`;
      if (values.length === 0) return [what, limit, "not measured", ""];
      const middle = median(values);
      const range = values.length === 1 ? "" : ` [${shown(Math.min(...values))}, ${shown(Math.max(...values))}]`;
      return [what, limit, shown(middle) + range, middle <= atMost ? "yes" : "**no**"];
    }),
  );
}
