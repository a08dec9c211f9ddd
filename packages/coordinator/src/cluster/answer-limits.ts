import type { Socket } from "node:net";

/**
 * The most bytes that the headers of an answer may have. Elasticsearch adds a `Warning` header for each deprecation:
 * tens of kilobytes are no fault.
 */
export const answerHeadersMaxBytes = 131_072;

/**
 * Makes a `100 Continue` that was not asked for be skipped as 102 and 103 are. undici takes it for a broken answer, and
 * has no option for it. To be called before the first answer on the socket can come.
 */
export function skipContinue(socket: Socket): void {
  const parsers: Readonly<Record<symbol, unknown>> = socket as never;
  const key = Object.getOwnPropertySymbols(socket).find(({ description }) => description === "parser");
  const parser = key === undefined ? undefined : parsers[key];
  if (!isParser(parser)) return;
  const original = parser.onHeadersComplete;
  parser.onHeadersComplete = function (status, upgrade, isKept) {
    return original.call(this, status === 100 ? 102 : status, upgrade, isKept);
  };
}

interface Parser {
  onHeadersComplete(status: number, upgrade: boolean, isKept: boolean): number;
}

function isParser(value: unknown): value is Parser {
  return typeof value === "object" && value !== null && "onHeadersComplete" in value;
}
