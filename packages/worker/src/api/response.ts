import { printable, RollcallError } from "@rollcall/core";
import type { AnswerHead } from "../dispatch/sender.js";
import type { RequestIds } from "./request-ids.js";
import { ReceivedHead, type ResponseHead } from "./response-head.js";

/** An answer, as it came. */
export interface PoolResponse<T = unknown> extends ResponseHead {
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
export interface ReceivedAnswer extends AnswerHead {
  /** Text only where it is the very bytes, as UTF-8. */
  readonly body: Buffer | string;
}

/** Everything is read on demand: most callers never read the headers, and some never the body. */
export class ReceivedResponse<T> extends ReceivedHead implements PoolResponse<T> {
  readonly #body: Buffer | string;
  readonly #ids: RequestIds;

  /** `ids`: what its errors show of the request. */
  constructor(answer: ReceivedAnswer, ids: RequestIds) {
    super(answer);
    this.#body = answer.body;
    this.#ids = ids;
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
        ...this.#ids,
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
      ...this.#ids,
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
  return printable(cut);
}
