import { type Attempt, RollcallError } from "@rollcall/core";

/** Header names in lower case; a header that came more than once is an array. */
export type ResponseHeaders = Readonly<Record<string, string | readonly string[]>>;

/** An answer, as it came. A status that the server chose is never an error by itself. */
export interface PoolResponse<T = unknown> {
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
  /** @throws {RollcallError} `BAD_RESPONSE` where the body is not JSON */
  json(): T;
  text(): string;
  bytes(): Uint8Array;
  /**
   * The response itself where the status is below 400.
   *
   * @throws {RollcallError} `STATUS` otherwise, with `status` and `body`; with `type`, and the reason in its message,
   *   where the server gives them
   */
  throwIfError(): this;
}

/** What an answer is made of. */
export interface ReceivedAnswer {
  readonly status: number;
  /** Names and values in turn, as bytes; or one text, with CRLF between lines of `name: value`. */
  readonly rawHeaders: readonly Buffer[] | string;
  /** Text only where it is the very bytes, as UTF-8. */
  readonly body: Buffer | string;
  readonly node: string;
  readonly nodeUrl: string;
  readonly attempts: readonly Attempt[];
}

/** Everything is read on demand: most callers never read the headers, and some never the body. */
export class ReceivedResponse<T> implements PoolResponse<T> {
  readonly status: number;
  readonly node: string;
  readonly nodeUrl: string;
  readonly attempts: readonly Attempt[];
  readonly #rawHeaders: readonly Buffer[] | string;
  readonly #body: Buffer | string;
  #headers: ResponseHeaders | undefined;

  constructor({ status, rawHeaders, body, node, nodeUrl, attempts }: ReceivedAnswer) {
    this.status = status;
    this.node = node;
    this.nodeUrl = nodeUrl;
    this.attempts = attempts;
    this.#rawHeaders = rawHeaders;
    this.#body = body;
  }

  get ok(): boolean {
    return this.status >= 200 && this.status < 300;
  }

  get headers(): ResponseHeaders {
    this.#headers ??= answerHeaders(this.#rawHeaders);
    return this.#headers;
  }

  json(): T {
    try {
      return JSON.parse(jsonOf(this.#body)) as T;
    } catch {
      // Not the parser's own message: it quotes the body.
      const coding = this.headers["content-encoding"];
      const problem = coding === undefined ? "is not JSON" : "is not JSON: it has a content coding that is not undone";
      throw new RollcallError("BAD_RESPONSE", `the answer of ${this.node} (status ${this.status}) ${problem}`, {
        sent: "maybe",
        attempts: this.attempts,
      });
    }
  }

  text(): string {
    return textOf(this.#body);
  }

  bytes(): Uint8Array {
    return typeof this.#body === "string" ? Buffer.from(this.#body, "utf8") : this.#body;
  }

  throwIfError(): this {
    if (this.status < 400) return this;
    const body = bodyOf(this.#body);
    const { type, reason } = problemIn(body);
    const named = type === undefined ? "" : ` (${type})`;
    const explained = reason === undefined ? "" : `: ${reason}`;
    throw new RollcallError("STATUS", `${this.node} answered ${this.status}${named}${explained}`, {
      sent: "maybe",
      attempts: this.attempts,
      status: this.status,
      type,
      body,
    });
  }
}

function textOf(body: Buffer | string): string {
  return typeof body === "string" ? body : body.toString("utf8");
}

/** Without the byte order mark, with which no JSON begins. */
function jsonOf(body: Buffer | string): string {
  const text = textOf(body);
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}

export function answerHeaders(raw: readonly Buffer[] | string): ResponseHeaders {
  const headers: Record<string, string | string[]> = Object.create(null);
  const parts = typeof raw === "string" ? partsOf(raw) : raw.map((part) => part.toString("latin1"));
  for (let at = 0; at + 1 < parts.length; at += 2) {
    const name = parts[at]?.toLowerCase();
    const value = parts[at + 1];
    if (name === undefined || value === undefined) continue;
    const earlier = headers[name];
    if (earlier === undefined) headers[name] = value;
    else if (typeof earlier === "string") headers[name] = [earlier, value];
    else earlier.push(value);
  }
  return headers;
}

function partsOf(lines: string): string[] {
  if (lines === "") return [];
  return lines.split("\r\n").flatMap((line) => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon), line.slice(colon + 2)];
  });
}

/** A word such as `index_not_found_exception`. */
const errorType = /^[a-z0-9_.]{1,128}$/;
/** A longer reason, which may quote a whole query, is cut. */
const reasonMaxLength = 256;

/** What the JSON of an answer holds, else its text. */
function bodyOf(body: Buffer | string): unknown {
  const text = jsonOf(body);
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** What the cluster says of an error: `{"error":{"type":…,"reason":…}}`, or `{"error":"…"}` of some paths. */
function problemIn(body: unknown): { readonly type?: string | undefined; readonly reason?: string | undefined } {
  if (typeof body !== "object" || body === null || !("error" in body)) return {};
  const { error } = body;
  if (typeof error === "string") return { reason: shown(error) };
  if (typeof error !== "object" || error === null) return {};
  const { type, reason } = error as { readonly type?: unknown; readonly reason?: unknown };
  return {
    type: typeof type === "string" && errorType.test(type) ? type : undefined,
    reason: typeof reason === "string" && reason !== "" ? shown(reason) : undefined,
  };
}

/** On one line, without control characters: an error's message reaches terminals. */
function shown(reason: string): string {
  const cut = reason.length <= reasonMaxLength ? reason : `${reason.slice(0, reasonMaxLength)}…`;
  return cut.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, "\u{fffd}");
}
