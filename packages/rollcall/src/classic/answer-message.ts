import type { Readable } from "node:stream";
import type { PoolResponse, ResponseHeaders, StreamResponse } from "@rollcall/worker";
import { bufferOf } from "../adapter/answer-bytes.js";

/** Headers as Node's own `IncomingMessage` has them: one text each, but for cookies. */
export type MessageHeaders = Readonly<Record<string, string | readonly string[]>>;

type Listener = (given?: unknown) => void;

/**
 * An answer as the transport reads it, in place of Node's `IncomingMessage`: the body comes in one call. A true stream
 * would cost more than all else that is done for a small answer.
 */
export class WholeMessage {
  readonly statusCode: number;
  readonly headers: MessageHeaders;
  readonly #answer: PoolResponse;
  readonly #listeners = new Map<string, Listener>();
  #isText = false;
  #isDestroyed = false;

  constructor(answer: PoolResponse) {
    this.#answer = answer;
    this.statusCode = answer.status;
    this.headers = messageHeaders(answer.headers);
  }

  setEncoding(): this {
    this.#isText = true;
    return this;
  }

  on(event: string, listener: Listener): this {
    this.#listeners.set(event, listener);
    // The transport adds its listeners in one turn.
    if (event === "end") queueMicrotask(this.#deliver);
    return this;
  }

  removeListener(event: string): this {
    this.#listeners.delete(event);
    return this;
  }

  destroy(): this {
    this.#isDestroyed = true;
    return this;
  }

  readonly #deliver = (): void => {
    if (this.#isDestroyed) return;
    const content = this.#isText ? this.#answer.text() : bufferOf(this.#answer.bytes());
    if (content.length > 0) this.#listeners.get("data")?.(content);
    this.#listeners.get("end")?.();
  };
}

/** For `asStream`: the body itself, with what a message of Node's has. */
export function streamedMessage({ body, status, headers }: StreamResponse): Readable {
  return Object.assign(body, { statusCode: status, headers: messageHeaders(headers) });
}

/** Of these, Node keeps the first that came. */
const single = new Set(["age", "authorization", "content-length", "content-type", "etag", "expires", "location"]);

function messageHeaders(given: ResponseHeaders): MessageHeaders {
  const headers: Record<string, string | readonly string[]> = {};
  for (const name in given) {
    const value = given[name] ?? "";
    if (name === "set-cookie") headers[name] = typeof value === "string" ? [value] : value;
    else if (typeof value === "string") headers[name] = value;
    else headers[name] = (single.has(name) ? value[0] : value.join(", ")) ?? "";
  }
  return headers;
}
