import { apis, type ByMethod, cats, indexItself, namespaces, root } from "./operation-names.js";

/** What a request does, as the engines' own specifications name it. */
export interface CalledOperation {
  /** One of a bounded set, such as `search` or `cluster.health`; undefined for a path that is not among those. */
  readonly name: string | undefined;
  /** The index, data stream or alias in the path, or a list of them; undefined where there is none, or a pattern. */
  readonly collection: string | undefined;
}

/** Never fails, whatever the path. Ids and queries are never part of the result. */
export function calledOperation(method: string, path: string): CalledOperation {
  const queryAt = path.indexOf("?");
  const target = queryAt === -1 ? path : path.slice(0, queryAt);
  // No more of it is read: a document's id may be long.
  const [, first = "", word, second] = target.split("/", 4);
  if (first === "") return { name: byMethod(root, method), collection: undefined };
  if (first.startsWith("_") && first !== "_all") return { name: nameOf(method, first, word), collection: undefined };
  const name = word === undefined ? byMethod(indexItself, method) : nameOf(method, word, second);
  return { name, collection: certainName(first) };
}

function nameOf(method: string, word: string, second: string | undefined): string | undefined {
  if (word === "_cat") return cats.has(second ?? "") ? `cat.${second}` : "cat.help";
  const api = apis.get(`${word}/${second}`) ?? apis.get(word);
  if (api !== undefined) return byMethod(api, method);
  const namespace = word.slice(1);
  return namespaces.has(namespace) ? namespace : undefined;
}

function byMethod(names: ByMethod, method: string): string | undefined {
  return typeof names === "string" ? names : (names[method] ?? names.other);
}

/** The part of a path that names indices, as the caller wrote it; not a wildcard, date math or all of them. */
function certainName(segment: string): string | undefined {
  try {
    const name = segment.includes("%") ? decodeURIComponent(segment) : segment;
    return /[*<>]|(?:^|,)[_-]/.test(name) ? undefined : name;
  } catch {
    return undefined;
  }
}
