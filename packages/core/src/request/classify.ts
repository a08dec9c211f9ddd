import { bindingParameter, classTable, neverParameters } from "./classes.js";

/**
 * read        changes nothing: may be retried, and may be rerouted from a node that stalls
 * repeatable  twice leaves what once leaves: may be retried
 * never       not sent again once a byte of it may have been sent
 */
export type RequestClass = "read" | "repeatable" | "never";

export interface Classification {
  readonly class: RequestClass;
  /** May be given up at a stalled node and sent to another. Reads only, and not those that open a scroll. */
  readonly reroutable: boolean;
  /** The listed path, such as `/{index}/_search`: one of a bounded set, fit for a metric's label. */
  readonly template?: string;
  /** Method and template, such as `POST /{index}/_search`. */
  readonly kind?: string;
}

/**
 * How often a request may be sent, by its method (upper case) and its path (with its query, if it has one).
 *
 * Only what `classes.ts` lists is Read or Repeatable. A path that a proxy or an engine might read in another way is
 * Never: one with an empty or dot segment, a trailing slash, a backslash, a blank, a fragment or a broken escape.
 *
 * A Repeatable must name one concrete thing. Lists, wildcards, `_all` and date math (`<logs-{now/d}>`, which the engine
 * resolves anew each time) make it Never, and so do values that mean something else once they are decoded again: those
 * with an escaped `/`, `?`, `#` or `%`.
 *
 * Not promised: what a plain name stands for. `PUT /{alias}/_doc/{id}` is Repeatable; if the alias gets another write
 * index between two attempts, the document is in both. Give such a request the class `never`.
 *
 * The body is not read. An `_eql/search` that asks in its body to be kept is a Read here, and a retry keeps it twice.
 * `_sql` is Never, because its body may hold a cursor; a caller that sends none can give the request its class.
 *
 * Results are shared objects.
 */
export function classify(method: string, path: string): Classification {
  const root = roots.get(method);
  if (root === undefined) return unlisted;

  const queryAt = path.indexOf("?");
  const target = queryAt === -1 ? path : path.slice(0, queryAt);
  const listed = find(root, target);
  if (listed === undefined) return unlisted;
  if (listed.plain.class === "repeatable" && !isConcrete(target)) return listed.never;

  return queryAt === -1 || listed.plain.class === "never" ? listed.plain : byQuery(listed, path.slice(queryAt + 1));
}

const unlisted: Classification = { class: "never", reroutable: false };

/** The three classifications that one listed path can have. */
interface Listed {
  readonly plain: Classification;
  readonly bound: Classification;
  readonly never: Classification;
}

/** A node of a method's tree of paths; each edge is one segment. */
interface TrieNode {
  readonly words: Map<string, TrieNode>;
  placeholder?: TrieNode;
  listed?: Listed;
}

const roots: ReadonlyMap<string, TrieNode> = plantTrees();

function plantTrees(): Map<string, TrieNode> {
  const trees = new Map<string, TrieNode>();
  for (const requestClass of ["read", "repeatable", "never"] as const) {
    for (const [method, paths] of Object.entries(classTable[requestClass])) {
      const root = trees.get(method) ?? { words: new Map() };
      trees.set(method, root);
      for (const template of paths.trim().split(/\s+/)) plant(root, method, template, requestClass);
    }
  }
  return trees;
}

function plant(root: TrieNode, method: string, template: string, requestClass: RequestClass): void {
  let node = root;
  for (const segment of template === "/" ? [] : template.slice(1).split("/")) {
    node = segment.startsWith("{") ? placeholderOf(node) : wordOf(node, segment);
  }
  const names = { template, kind: `${method} ${template}` };
  node.listed = {
    plain: { class: requestClass, reroutable: requestClass === "read", ...names },
    bound: { class: requestClass, reroutable: false, ...names },
    never: { class: "never", reroutable: false, ...names },
  };
}

function placeholderOf(node: TrieNode): TrieNode {
  node.placeholder ??= { words: new Map() };
  return node.placeholder;
}

function wordOf(node: TrieNode, word: string): TrieNode {
  const next = node.words.get(word) ?? { words: new Map() };
  node.words.set(word, next);
  return next;
}

function find(root: TrieNode, path: string): Listed | undefined {
  if (path.charCodeAt(0) !== slash) return undefined;
  if (path.length === 1) return root.listed;

  let node = root;
  for (let start = 1; start <= path.length; ) {
    const slashAt = path.indexOf("/", start);
    const end = slashAt === -1 ? path.length : slashAt;
    const segment = path.slice(start, end);
    // A word that leads nowhere is not tried again as a placeholder's value: it is a word of the engine.
    const next: TrieNode | undefined = node.words.get(segment) ?? node.placeholder;
    if (next === undefined || (next === node.placeholder && !canFillPlaceholder(segment))) return undefined;
    node = next;
    start = end + 1;
  }
  return node.listed;
}

const slash = 0x2f;
const underscore = 0x5f;

/** Values that begin with "_" although they are the caller's, not words of an API. */
const selectors: ReadonlySet<string> = new Set(["_all", "_local", "_master", "_cluster_manager"]);

/** What is harmless at first sight. Anything else is checked in full below. */
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

/** Whether every value in the path names one thing, by every reader. */
function isConcrete(path: string): boolean {
  if (!/[<>*,%]|\/_all(?:\/|$)/.test(path)) return true;
  const decoded = path.split("/").slice(1).map(decode);
  return decoded.every((value) => value !== undefined && value !== "_all" && !/[<>*,?#%/\\]/.test(value));
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
