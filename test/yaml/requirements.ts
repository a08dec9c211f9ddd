import type { SuiteTest } from "./suite.js";

/** What the runner can do, in the suites' own words. */
const features: ReadonlySet<unknown> = new Set([
  ...["contains", "exists", "close_to", "headers", "is_after", "yaml", "default_shards", "embedded_stash_key"],
  ...["stash_in_key", "stash_in_path", "stash_path_replacement", "arbitrary_key"],
  ...["warnings", "warnings_regex", "allowed_warnings", "allowed_warnings_regex"],
]);

/** Why a test cannot run on this engine, or by this runner; undefined where it can. */
export function skipReason({ requirements, steps }: SuiteTest, engineVersion: string): string | undefined {
  for (const { kind, given } of requirements) {
    if (kind === "skip" && given.version !== undefined && isIn(String(given.version), engineVersion)) {
      return `not for ${engineVersion}`;
    }
    if (given.unreadable === true) return "is no YAML";
    if (kind === "skip" && given.awaits_fix !== undefined) return "awaits a fix";
    if (kind === "requires" && given.stack === false) return "serverless only";
    const wanted = [given.features, given.test_runner_features].flat().filter((one) => one !== undefined);
    const missing = wanted.find((feature) => !features.has(feature));
    if (missing !== undefined) return `needs the feature ${missing}`;
  }
  for (const step of steps) {
    if (step.kind === "unknown") return `has the step ${step.word}`;
  }
  return undefined;
}

/** `ranges`: "all", or such as " - 7.9.99, 7.12.0 - ". */
function isIn(ranges: string, version: string): boolean {
  const at = ordinal(version, version);
  return ranges.split(",").some((range) => {
    if (range.trim() === "all") return true;
    const [from = "", to = ""] = range.split(/(?<=^|\d|\s)-(?=\s|$|\d)/).map((one) => one.trim());
    return at >= (from === "" ? 0 : ordinal(from, version)) && at <= (to === "" ? Infinity : ordinal(to, version));
  });
}

function ordinal(version: string, engineVersion: string): number {
  const [major = 0, minor = 0, patch = 0] = version.split(".").map((part) => Number.parseInt(part, 10) || 0);
  // OpenSearch 1 came after Elasticsearch 7, whose versions its suites still have.
  const isLegacy = Number.parseInt(engineVersion, 10) < 5 && major >= 5;
  return ((isLegacy ? 0 : major) * 1_000 + minor) * 1_000 + patch;
}
