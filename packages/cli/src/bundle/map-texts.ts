/**
 * The same data with each text in it replaced by what `map` makes of it. Names of fields stay, but for those that are
 * addresses or keys of nodes: an address map and marks have them there.
 */
export function mapTexts(data: unknown, map: (text: string) => string, field = ""): unknown {
  if (typeof data === "string") return map(data);
  if (Array.isArray(data)) return data.map((part) => mapTexts(part, map, field));
  if (typeof data !== "object" || data === null) return data;
  const nameOf = (name: string) => (field === "addressMap" || /[@:.]/.test(name) ? map(name) : name);
  return Object.fromEntries(Object.entries(data).map(([name, part]) => [nameOf(name), mapTexts(part, map, name)]));
}
