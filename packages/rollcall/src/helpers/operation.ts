import type { BulkAction } from "./bulk-types.js";

/** One operation, ready to be sent. */
export interface Operation {
  readonly position: number;
  readonly action: BulkAction;
  readonly index: string | undefined;
  readonly id: string | undefined;
  /** Sent twice it leaves the same as sent once, if there is no other writer. */
  readonly isRepeatable: boolean;
  /** One or two lines, each with its line break. */
  readonly ndjson: string;
  readonly byteLength: number;
}

export interface Action {
  readonly action: BulkAction;
  readonly index: string | undefined;
  readonly id: string | undefined;
  readonly isRepeatable: boolean;
}

const actions: ReadonlySet<string> = new Set<BulkAction>(["index", "create", "update", "delete"]);

/** The action that `{ index: { _id: "7" } }` names; undefined for anything else. */
export function actionOf(value: unknown, defaultIndex: string | undefined): Action | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const [entry, ...others] = Object.entries(value).filter(([, data]) => data !== undefined);
  if (entry === undefined || others.length > 0 || !actions.has(entry[0])) return undefined;
  const data: unknown = entry[1] ?? {};
  if (typeof data !== "object" || data === null || Array.isArray(data)) return undefined;
  const action = entry[0] as BulkAction;
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
