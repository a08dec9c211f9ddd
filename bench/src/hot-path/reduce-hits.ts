/** What is read of an answer. */
export interface SearchAnswer {
  readonly hits: { readonly hits: readonly { readonly _source?: unknown }[] };
}

export interface Summary {
  readonly count: number;
  readonly errors: number;
  readonly bytes: number;
}

/** Reads every document, and keeps three numbers. */
export function reduceHits({ hits: { hits } }: SearchAnswer): Summary {
  let errors = 0;
  let bytes = 0;
  for (const { _source } of hits) {
    const { level, http } = _source as { readonly level: string; readonly http: { readonly bytes: number } };
    if (level === "error") errors++;
    bytes += http.bytes;
  }
  return { count: hits.length, errors, bytes };
}
