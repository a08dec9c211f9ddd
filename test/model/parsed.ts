import { decodeHead, type Head, type Version } from "@rollcall/core/view";

/** The same texts are read in many worlds: so each is decoded once, by the product's own decoder. */
const heads = new Map<string, Head | undefined>();
const versions = new Map<string, Version>();
const keptMax = 20_000;

export function headOfText(text: string): Head | undefined {
  return kept(heads, text, () => {
    const decoded = decodeHead(Buffer.from(text));
    return "value" in decoded ? decoded.value : undefined;
  });
}

/** The documents of the model are a version and no more. */
export function documentOf(version: Version): string {
  return JSON.stringify({ version });
}

export function versionOfText(text: string): Version {
  return kept(versions, text, () => (JSON.parse(text) as { readonly version: Version }).version);
}

export function kept<Value>(cache: Map<string, Value>, text: string, make: () => Value): Value {
  const known = cache.get(text);
  if (known !== undefined || cache.has(text)) return known as Value;
  if (cache.size >= keptMax) cache.clear();
  const made = make();
  cache.set(text, made);
  return made;
}
