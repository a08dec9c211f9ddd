import type { BulkAction, BulkOperation } from "./bulk-types.js";

/** One operation, ready to be sent. */
export interface Operation {
  readonly position: number;
  readonly action: BulkAction;
  readonly index: string | undefined;
  readonly id: string | undefined;
  /** Sent twice it leaves the same as sent once, if there is no other writer. */
  readonly isRepeatable: boolean;
  /** One or two, without their line breaks. */
  readonly lines: readonly string[];
  /** With the line breaks. */
  readonly byteLength: number;
}

/** The lines of the operations, each with its line break. */
export function ndjsonOf(operations: readonly Operation[]): string {
  const all: string[] = [];
  for (const { lines } of operations) all.push(...lines);
  // One join of all lines copies each once.
  all.push("");
  return all.join("\n");
}

export interface Action {
  readonly action: BulkAction;
  readonly index: string | undefined;
  readonly id: string | undefined;
  readonly isRepeatable: boolean;
}

const actions: ReadonlySet<string> = new Set<BulkAction>(["index", "create", "update", "delete"]);
const isAction = (name: string): name is BulkAction => actions.has(name);

/** The action that `{ index: { _id: "7" } }` names; undefined for anything else. */
export function actionOf(value: unknown, defaultIndex: string | undefined): Action | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const [action, ...others] = Object.keys(value);
  if (action === undefined || others.length > 0 || !isAction(action)) return undefined;
  const data: unknown = (value as BulkOperation)[action] ?? {};
  if (typeof data !== "object" || data === null || Array.isArray(data)) return undefined;
  const { _index = defaultIndex, _id } = data as { readonly _index?: unknown; readonly _id?: unknown };
  const index = typeof _index === "string" ? _index : undefined;
  const id = typeof _id === "string" || typeof _id === "number" ? String(_id) : undefined;
  return { action, index, id, isRepeatable: action === "index" && isRepeatable(index, id, data) };
}

/** What may stand beside the name of a document and changes nothing about a second write: an allow-list. */
const harmless: ReadonlySet<string> = new Set([
  ...["_index", "_id", "_type", "routing", "pipeline"],
  ...["require_alias", "require_data_stream", "dynamic_templates"],
]);

/** As the pool decides about `PUT /{index}/_doc/{id}`: one concrete document, whatever is there now. */
function isRepeatable(index: string | undefined, id: string | undefined, data: object): boolean {
  if (index === undefined || id === undefined || id === "" || /[<>*,]/.test(index)) return false;
  return Object.keys(data).every((name) => harmless.has(name));
}
