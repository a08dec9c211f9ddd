import type { CallRecord } from "./run-calls.js";

/** One field of one call that is not the same. */
export interface Difference {
  readonly call: string;
  /** Such as `result.thrown.message` or `wire.0.headers.accept`. */
  readonly field: string;
  readonly alone: unknown;
  readonly onPool: unknown;
}

/** What no two runs have in common: times, sizes that follow from them, and what is decided between two hops. */
const volatile = [
  /\b(?:took|duration|date|_seq_no|_primary_term|_version|cluster_uuid|node_id|uuid|creation_date|created_date_millis|modified_date_millis)$/,
  /\bheaders\.(?:host|connection|keep-alive|x-elastic-client-meta)$/,
  /^result\..*\bheaders\.content-length$/,
  /\bmeta\.request\.id$/,
  /\bstats\.time$/,
];

/** Every field in which two runs of the same calls differ. */
export function differencesOf(alone: readonly CallRecord[], onPool: readonly CallRecord[]): Difference[] {
  return alone.flatMap((record, at) => {
    const other = onPool[at];
    if (other?.name !== record.name) throw new Error(`the runs differ in their calls at "${record.name}"`);
    const mine = flat(record);
    const theirs = flat(other);
    // Where one has failed and the other not, no field of theirs can be compared.
    const isOutcome = mine.get("outcome") !== theirs.get("outcome");
    const requests = Math.min(record.wire.length, other.wire.length);
    return [...new Set([...mine.keys(), ...theirs.keys()])]
      .filter((field) => !volatile.some((pattern) => pattern.test(field)))
      .filter((field) => !(isOutcome && /^(?:result|spans)\./.test(field)))
      .filter((field) => !field.startsWith("wire.") || Number(field.split(".")[1]) < requests)
      .filter((field) => mine.get(field) !== theirs.get(field))
      .map((field) => ({ call: record.name, field, alone: mine.get(field), onPool: theirs.get(field) }));
  });
}

/** Every leaf by its path. An address of this machine and an id that is made up are the same in all runs. */
function flat({ result, events, spans, wire }: CallRecord): Map<string, unknown> {
  const leaves = new Map<string, unknown>();
  const visit = (path: string, value: unknown): void => {
    if (typeof value === "object" && value !== null && Object.keys(value).length > 0) {
      for (const [name, one] of Object.entries(value)) visit(`${path}.${name}`, one);
    } else {
      leaves.set(path, typeof value === "string" ? shown(value) : JSON.stringify(value));
    }
  };
  leaves.set("outcome", outcomeOf(result));
  leaves.set("events", events.join(", "));
  leaves.set("requests", wire.length);
  visit("result", result);
  if (spans.length > 0) visit("spans", spans);
  if (wire.length > 0) visit("wire", wire);
  return leaves;
}

function shown(text: string): string {
  return text
    .replaceAll(/127\.0\.0\.1:\d+/g, "node")
    .replaceAll(/(?<![\w-])(?=[\w-]*[A-Z\d])[\w-]{20,22}(?![\w-])/g, "an id")
    .replaceAll(/"took":\d+/g, '"took":0');
}

function outcomeOf(result: unknown): string {
  const { thrown, returned, still } = result as { thrown?: { name?: string }; returned?: unknown; still?: string };
  if (still !== undefined) return "waits";
  return returned === undefined && thrown !== undefined ? `throws ${thrown.name}` : "returns";
}
