import { RollcallError } from "@rollcall/core";
import type { MockRequest } from "./mock-request.js";

/**
 * Which requests: `METHOD /path`, without a query. `:name` stands for one part of the path and names it, `*` as the method
 * for any, `*` at the end of the path for all that follows. Or a function, for all else.
 */
export type MockMatch = string | ((request: MockRequest) => boolean);

export interface Matcher {
  /** For people. */
  readonly text: string;
  /** The named parts of the path; undefined where the request is another. */
  match(request: MockRequest): Readonly<Record<string, string>> | undefined;
}

const pattern = /^(\*|GET|HEAD|POST|PUT|DELETE|PATCH|OPTIONS) (\/[^\s?]*)$/;

/** @throws {RollcallError} `CONFIG` for what is no pattern */
export function matcherOf(match: MockMatch): Matcher {
  if (typeof match === "function") {
    return {
      text: match.name === "" ? "a function" : match.name,
      match: (request) => (match(request) ? {} : undefined),
    };
  }
  const [, method, path] = pattern.exec(match) ?? [];
  if (method === undefined || path === undefined) {
    const allowed = 'must be a function, or a method and a path without a query, such as "POST /:index/_search"';
    throw new RollcallError("CONFIG", `answer(${JSON.stringify(match)}): the first argument ${allowed}`);
  }
  const expected = expressionOf(path);
  return {
    text: match,
    match(request) {
      if (method !== "*" && method !== request.method) return undefined;
      const found = expected.exec(request.path);
      return found === null ? undefined : decoded(found.groups ?? {});
    },
  };
}

function expressionOf(path: string): RegExp {
  const source = path
    .split("/")
    .map((part) => {
      const [, name] = /^:([A-Za-z_]\w*)$/.exec(part) ?? [];
      return name === undefined ? part.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&") : `(?<${name}>[^/]+)`;
    })
    .join("/");
  return new RegExp(`^${source.replace(/\\\*$/, ".*")}$`);
}

function decoded(groups: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(groups).map(([name, value]) => [name, decodedText(value)]));
}

function decodedText(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
