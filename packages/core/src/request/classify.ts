import { bindingParameter, classTable, neverParameters } from "./classes.js";

/**
 * read        changes nothing: may be retried, and may be moved off a node that falls silent
 * repeatable  twice leaves what once leaves: may be retried
 * never       not resent once a byte of it may have been sent
 */
export type RequestClass = "read" | "repeatable" | "never";

export interface Classification {
  readonly class: RequestClass;
  /** May be taken off a silent node and sent to another. Reads only, and not those that open a scroll. */
  readonly reroutable: boolean;
  /** The listed path, such as `/{index}/_search`: one of a bounded set, fit for a metric's label. */
  readonly template?: string;
}

/**
 * How often a request may be sent, by its method (upper case) and its path (with its query, if it has one).
 *
 * Only what `classes.ts` lists is Read or Repeatable. A path that another reader might read in another way is Never:
 * one with an empty or dot segment, a trailing slash, a backslash, a blank, a fragment or a broken escape.
 *
 * The body is not looked at. An `_eql/search` that asks in its body to be kept is a Read here, and a retry keeps it
 * twice. `_sql` is Never, because its body may hold a cursor; who sends none can give the request its class.
 *
 * Answers are shared objects, not made anew.
 */
export function classify(method: string, path: string): Classification {
  const root = roots.get(method);
  if (root === undefined) return unlisted;

  const queryAt = path.indexOf("?");
  const listed = find(root, queryAt === -1 ? path : path.slice(0, queryAt));
  if (listed === undefined) return unlisted;

  return queryAt === -1 || listed.plain.class === "never" ? listed.plain : byQuery(listed, path.slice(queryAt + 1));
}

const unlisted: Classification = { class: "never", reroutable: false };

/** The three answers that one listed path can have. */
interface Listed {
  readonly plain: Classification;
  readonly bound: Classification;
  readonly never: Classification;
}

/** One place in a method's tree of paths; each edge is one segment. */
interface Place {
  readonly words: Map<string, Place>;
  placeholder?: Place;
  listed?: Listed;
}

const roots: ReadonlyMap<string, Place> = plantTrees();

function plantTrees(): Map<string, Place> {
  const trees = new Map<string, Place>();
  for (const requestClass of ["read", "repeatable", "never"] as const) {
    for (const [method, paths] of Object.entries(classTable[requestClass])) {
      const root = trees.get(method) ?? { words: new Map() };
      trees.set(method, root);
      for (const template of paths.trim().split(/\s+/)) plant(root, template, requestClass);
    }
  }
  return trees;
}

function plant(root: Place, template: string, requestClass: RequestClass): void {
  let place = root;
  for (const segment of template === "/" ? [] : template.slice(1).split("/")) {
    place = segment.startsWith("{") ? placeholderOf(place) : wordOf(place, segment);
  }
  place.listed = {
    plain: { class: requestClass, reroutable: requestClass === "read", template },
    bound: { class: requestClass, reroutable: false, template },
    never: { class: "never", reroutable: false, template },
  };
}

function placeholderOf(place: Place): Place {
  place.placeholder ??= { words: new Map() };
  return place.placeholder;
}

function wordOf(place: Place, word: string): Place {
  const next = place.words.get(word) ?? { words: new Map() };
  place.words.set(word, next);
  return next;
}

function find(root: Place, path: string): Listed | undefined {
  if (path.charCodeAt(0) !== slash) return undefined;
  if (path.length === 1) return root.listed;

  let place = root;
  for (let start = 1; start <= path.length; ) {
    const slashAt = path.indexOf("/", start);
    const end = slashAt === -1 ? path.length : slashAt;
    const segment = path.slice(start, end);
    // A word that leads nowhere is not tried again as a placeholder's value: it is the engine's own.
    const next: Place | undefined = place.words.get(segment) ?? place.placeholder;
    if (next === undefined || (next === place.placeholder && !canFillPlaceholder(segment))) return undefined;
    place = next;
    start = end + 1;
  }
  return place.listed;
}

const slash = 0x2f;
const underscore = 0x5f;

/** Values that begin with "_" and yet are the caller's, not names of an API. */
const selectors: ReadonlySet<string> = new Set(["_all", "_local", "_master", "_cluster_manager"]);

/** Only what needs no thought: anything else takes the slow look below. */
const plainSegment = /^[A-Za-z0-9*,-][A-Za-z0-9*,:@._-]*$/;

function canFillPlaceholder(segment: string): boolean {
  if (plainSegment.test(segment)) return true;
  if (segment.charCodeAt(0) === underscore) return selectors.has(segment);
  // An escape may hide what the engine, or a proxy before it, will see.
  const seen = decode(segment);
  return (
    seen !== undefined && seen !== "" && /^[!-~]+$/.test(segment) && !/[\\#]/.test(segment) && !misleading.test(seen)
  );
}

/** An API's own word; a dot segment, even one made by an escaped slash; a control character. */
const misleading = /^_|(?:^|[/\\])\.{1,2}(?:[/\\]|$)|\p{Cc}/u;

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function byQuery(listed: Listed, query: string): Classification {
  const { plain, bound, never } = listed;
  const forbidden = plain.class === "repeatable" ? neverParameters.repeatable : neverParameters.read;
  let answer = plain;
  // Elasticsearch takes ";" for "&".
  for (const parameter of query.includes(";") ? query.split(/[&;]/) : query.split("&")) {
    const equalsAt = parameter.indexOf("=");
    const written = equalsAt === -1 ? parameter : parameter.slice(0, equalsAt);
    const name = written.includes("%") ? decode(written) : written;
    if (name === undefined || forbidden.has(name)) return never;
    if (name === bindingParameter) answer = bound;
  }
  return answer;
}
