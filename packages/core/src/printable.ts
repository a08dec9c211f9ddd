/** Texts below are those of other programs: no field of an event or of a log line is nested so deeply. */
const depthMax = 4;

/** Replaces control, format and other invisible characters, line breaks included: a terminal or a log may obey them. */
export function printable(text: string): string {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, "\u{fffd}");
}

/** The same for every text in plain data, names of fields included. Other objects stay as they are. */
export function printableData<Value>(value: Value): Value {
  return cleaned(value, 0) as Value;
}

function cleaned(value: unknown, depth: number): unknown {
  if (typeof value === "string") return printable(value);
  if (typeof value !== "object" || value === null || depth === depthMax) return value;
  if (Array.isArray(value)) return value.map((item) => cleaned(item, depth + 1));
  if (Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [printable(name), cleaned(item, depth + 1)]));
}
