import type { Attempt } from "@rollcall/core";
import type { AnswerHead } from "../dispatch/sender.js";

/** Header names in lower case; a header that came more than once is an array. */
export type ResponseHeaders = Readonly<Record<string, string | readonly string[]>>;

/** What comes of an answer before its body. A status that the server chose is never an error by itself. */
export interface ResponseHead {
  readonly status: number;
  /** Whether the status is 2xx. */
  readonly ok: boolean;
  readonly headers: ResponseHeaders;
  /** `host:port` of the node that answered. */
  readonly node: string;
  /** That node's whole URL, such as `https://es1:9200/es`, without user and password. */
  readonly nodeUrl: string;
  /** Every try, the one that answered included. */
  readonly attempts: readonly Attempt[];
}

/** The headers are read on demand: most callers never read them. */
export class ReceivedHead implements ResponseHead {
  readonly status: number;
  readonly node: string;
  readonly nodeUrl: string;
  readonly attempts: readonly Attempt[];
  readonly #rawHeaders: readonly Buffer[] | string;
  #headers: ResponseHeaders | undefined;

  constructor({ status, rawHeaders, node, nodeUrl, attempts }: AnswerHead) {
    this.status = status;
    this.node = node;
    this.nodeUrl = nodeUrl;
    this.attempts = attempts;
    this.#rawHeaders = rawHeaders;
  }

  get ok(): boolean {
    return this.status >= 200 && this.status < 300;
  }

  get headers(): ResponseHeaders {
    this.#headers ??= headersOf(this.#rawHeaders);
    return this.#headers;
  }
}

/**
 * Inherits nothing, as an object of `Object.create(null)`, so that a header's name finds only a header. V8 keeps objects
 * of a class in its fast form, and makes a table of the others: to fill and to copy that takes three times as long.
 */
const Headers = function Headers() {} as unknown as new () => Record<string, string | string[]>;
Headers.prototype = Object.create(null);

function headersOf(raw: readonly Buffer[] | string): ResponseHeaders {
  const headers = new Headers();
  const parts = typeof raw === "string" ? partsOf(raw) : raw;
  for (let at = 0; at + 1 < parts.length; at += 2) {
    const name = textOf(parts[at] as Buffer | string).toLowerCase();
    const value = textOf(parts[at + 1] as Buffer | string);
    const earlier = headers[name];
    if (earlier === undefined) headers[name] = value;
    else if (typeof earlier === "string") headers[name] = [earlier, value];
    else earlier.push(value);
  }
  return headers;
}

function textOf(part: Buffer | string): string {
  return typeof part === "string" ? part : part.toString("latin1");
}

function partsOf(lines: string): string[] {
  if (lines === "") return [];
  return lines.split("\r\n").flatMap((line) => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon), line.slice(colon + 2)];
  });
}
