const namedMax = 5;

/** `a, b and 3 more`: the first few names, and how many others there are. */
export function nameList(names: readonly string[]): string {
  const more = names.length - namedMax;
  return `${names.slice(0, namedMax).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}
