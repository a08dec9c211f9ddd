import { distance } from "fastest-levenshtein";

/** The known name that was most likely meant, or none: at most two typing errors, and fewer in a short name. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  if (name.length > 40) return undefined;
  const candidates = known
    .map((candidate) => ({ candidate, errors: distance(name.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ candidate, errors }) => errors <= Math.min(2, Math.floor(candidate.length / 2)))
    .sort((a, b) => a.errors - b.errors);
  return candidates[0]?.candidate;
}
