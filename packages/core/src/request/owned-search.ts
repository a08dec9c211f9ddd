/**
 * A request that opens or goes on with a search that belongs to its user: a scroll, an asynchronous search or query, the
 * pages of an SQL query. To another user it is not there (404).
 *
 * By Elasticsearch's `SecuritySearchOperationListener` (scrolls) and `AsyncSearchSecurity` (all that is asynchronous).
 * A point in time belongs to none, and any user may close a scroll: `DELETE /_search/scroll` is not listed here.
 */
export interface OwnedSearch {
  /** In words, such as "scroll". */
  readonly what: string;
  /** What it goes on with; absent where it opens one. */
  readonly id?: string;
  /** How long the search lives after the request. */
  readonly keepAliveMs: number;
  /** The search is over when the request has succeeded. */
  readonly closes: boolean;
}

interface Family {
  readonly what: string;
  /** By method and path, without an index and without the first slash. */
  readonly opens: RegExp;
  /** Without it in the query, the request opens nothing. */
  readonly needs?: string;
  readonly continues: RegExp;
  /** Where else the id may be: a field of the body, or of the query. */
  readonly field?: string;
  readonly keepAlive: string;
  readonly defaultMs: number;
}

const fiveMinutesMs = 300_000;
const fiveDaysMs = 432_000_000;
const ofAsync = { keepAlive: "keep_alive", defaultMs: fiveDaysMs };

const families: readonly Family[] = [
  {
    ...{ what: "scroll", keepAlive: "scroll", defaultMs: fiveMinutesMs },
    opens: /^(?:GET|POST) _search(?:\/template)?$/,
    needs: "scroll",
    continues: /^(?:GET|POST) _search\/scroll(?:\/([^/]+))?$/,
    field: "scroll_id",
  },
  {
    ...{ what: "asynchronous search", ...ofAsync },
    opens: /^POST (?:_plugins\/_asynchronous_search|_async_search)$/,
    continues: /^(?:GET|DELETE) (?:_plugins\/_asynchronous_search|_async_search)\/(?:status\/)?([^/]+)$/,
  },
  {
    ...{ what: "EQL search", ...ofAsync },
    opens: /^(?:GET|POST) _eql\/search$/,
    continues: /^(?:GET|DELETE) _eql\/search\/(?:status\/)?([^/]+)$/,
  },
  {
    ...{ what: "ES|QL query", ...ofAsync },
    opens: /^POST _query\/async$/,
    continues: /^(?:GET|DELETE|POST) _query\/async\/([^/]+)(?:\/stop)?$/,
  },
  {
    ...{ what: "SQL query", ...ofAsync },
    opens: /^(?:GET|POST) _sql$/,
    continues: /^(?:GET|POST|DELETE) _sql(?:\/close|\/async\/(?:status\/|delete\/)?([^/]+))?$/,
    field: "cursor",
  },
  {
    ...{ what: "SQL query", keepAlive: "keep_alive", defaultMs: fiveMinutesMs },
    opens: /^POST _plugins\/_sql$/,
    continues: /^POST _plugins\/_sql(?:\/close)?$/,
    field: "cursor",
  },
];

/** What no other path has: for a glance at each request. */
const glance = /_search\/scroll|[?&;]scroll=|_async_search|_asynchronous_search|_eql\/|_query\/async|\/_sql/;

/** Undefined for every other request. `body`: its text, read only where the id may be there. */
export function ownedSearchOf(method: string, target: string, body: () => string): OwnedSearch | undefined {
  if (!glance.test(target)) return undefined;
  const [path = "", query = ""] = target.split("?", 2);
  const [first = "", ...rest] = path.slice(1).split("/");
  const call = `${method} ${(first.startsWith("_") ? [first, ...rest] : rest).join("/")}`;
  for (const family of families) {
    const continued = family.continues.exec(call);
    const opens = family.opens.test(call);
    if (continued === null && !opens) continue;
    const parameters = new URLSearchParams(query.replaceAll(";", "&"));
    const fields = fieldsOf(body());
    const textOf = (name: string) => parameters.get(name) ?? textIn(fields, name);
    const id = decoded(continued?.[1]) ?? (family.field === undefined ? undefined : textOf(family.field));
    const common = {
      what: family.what,
      keepAliveMs: durationMs(textOf(family.keepAlive)) ?? family.defaultMs,
      closes: method === "DELETE" || path.endsWith("/close"),
    };
    if (id !== undefined) return { ...common, id };
    const isOpen = opens && (family.needs === undefined || parameters.has(family.needs));
    return isOpen ? common : undefined;
  }
  return undefined;
}

function fieldsOf(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function textIn(fields: unknown, name: string): string | undefined {
  if (typeof fields !== "object" || fields === null) return undefined;
  const value = (fields as Readonly<Record<string, unknown>>)[name];
  // Clients that make lists of ids name the one id of a next page so, too.
  const [only, second] = Array.isArray(value) ? value : [value];
  return typeof only === "string" && second === undefined ? only : undefined;
}

function decoded(segment: string | undefined): string | undefined {
  if (segment === undefined) return undefined;
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}

const unitMs: Readonly<Record<string, number>> = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000, ms: 1 };

/** A time as the engines write it, such as `1m`. */
function durationMs(text: string | undefined): number | undefined {
  const [, count, unit = ""] = /^(\d{1,12})(d|h|m|s|ms)$/.exec(text ?? "") ?? [];
  const ms = unitMs[unit];
  return ms === undefined ? undefined : Number(count) * ms;
}
