import { printable } from "../printable.js";
import { sniffLimits } from "./limits.js";

export type Attributes = Readonly<Record<string, string | readonly string[]>>;

/**
 * A node's attributes, ordered by key. A list comes from the server as `rack.0`, `rack.1`; it is put together again
 * where it counts from 0 without a gap and no plain `rack` stands beside it. Any other key is kept as it is.
 *
 * What is not text, or beyond the limits, is left out. Any key is safe, `__proto__` too: it is a plain own property.
 */
export function parseAttributes(entries: readonly (readonly [string, unknown])[]): Attributes {
  const plain = new Map<string, string>();
  for (const [key, value] of entries) {
    if (plain.size === sniffLimits.attributesMax) break;
    if (key.length > sniffLimits.attributeKeyMaxLength) continue;
    if (typeof value === "string" && value.length <= sniffLimits.attributeValueMaxLength)
      plain.set(printable(key), printable(value));
  }

  const attributes = new Map<string, string | readonly string[]>();
  const lists = listsIn(plain);
  for (const key of [...plain.keys(), ...lists.keys()].sort()) {
    const list = lists.get(key);
    const value = plain.get(key);
    if (list !== undefined) attributes.set(key, list);
    else if (value !== undefined && !lists.has(indexed(key)?.list ?? "")) attributes.set(key, value);
  }
  return Object.fromEntries(attributes);
}

function listsIn(plain: ReadonlyMap<string, string>): Map<string, readonly string[]> {
  const indexes = new Map<string, number[]>();
  for (const key of plain.keys()) {
    const item = indexed(key);
    if (item !== undefined) indexes.set(item.list, [...(indexes.get(item.list) ?? []), item.index]);
  }
  const lists = new Map<string, readonly string[]>();
  for (const [list, found] of indexes) {
    const values = found.map((_, index) => plain.get(`${list}.${index}`)).filter((value) => value !== undefined);
    if (values.length === found.length && !plain.has(list)) lists.set(list, values);
  }
  return lists;
}

function indexed(key: string): { readonly list: string; readonly index: number } | undefined {
  const [, list, index] = /^(.+)\.(0|[1-9]\d{0,2})$/.exec(key) ?? [];
  return list === undefined ? undefined : { list, index: Number(index) };
}
