/**
 * The type of a body that a request does not name itself, where the answer is asked for in the form of an older
 * Elasticsearch. It takes such an `accept` only beside a `content-type` of the same version:
 *
 *     accept: application/vnd.elasticsearch+json; compatible-with=8
 *     content-type: application/vnd.elasticsearch+x-ndjson; compatible-with=8
 *
 * `plain` without such an `accept`.
 */
export function compatibleType(plain: string, accept: string | undefined): string {
  const [, version] = accept === undefined ? [] : (versioned.exec(accept) ?? []);
  if (version === undefined) return plain;
  return `${plain.replace("application/", "application/vnd.elasticsearch+")}; compatible-with=${version}`;
}

const versioned = /application\/vnd\.elasticsearch\+[^;,\s]+\s*;\s*compatible-with=(\d{1,3})/i;
