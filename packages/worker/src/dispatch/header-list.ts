/** In a list of headers, the form that undici reads fastest: name, value, name, value. Names in lower case. */
export function hasHeader(headers: readonly string[], name: string): boolean {
  for (let at = 0; at < headers.length; at += 2) if (headers[at] === name) return true;
  return false;
}

/** Undefined: the header is not in the list. */
export function headerIn(headers: readonly string[], name: string): string | undefined {
  for (let at = 0; at < headers.length; at += 2) if (headers[at] === name) return headers[at + 1];
  return undefined;
}

/** `headers`, and of `added` those whose names they have not; the same list where that is none. */
export function withMissing(headers: readonly string[], added: readonly string[]): readonly string[] {
  let list: string[] | undefined;
  for (let at = 0; at + 1 < added.length; at += 2) {
    const name = added[at] as string;
    if (hasHeader(headers, name)) continue;
    list ??= headers.slice();
    list.push(name, added[at + 1] as string);
  }
  return list ?? headers;
}
