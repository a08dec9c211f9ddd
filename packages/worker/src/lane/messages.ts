import { isAscii, isUtf8 } from "node:buffer";
import type { Attempt, RollcallErrorCode, Sent } from "@rollcall/core";
import type { RequestClass } from "@rollcall/core/request";
import type { Dispatcher } from "undici";
import type { RerouteOrder } from "../dispatch/reroute-order.js";
import type { CancelCode, PreparedRequest, Result } from "../dispatch/sender.js";
import type { Target } from "../dispatch/target.js";

/**
 * What crosses a lane. Both ways, all that one turn of a loop has to say is one message: a flat array of numbers, text
 * and bytes, in which each piece begins with its kind.
 *
 *   to the thread   call      id method path headers body class movable maxRetries deadlineMs
 *                   cancel    id code message
 *                   pump
 *                   move      decidedAtMs, then the number of stuck slots and slot generation suspectedAtMs of each,
 *                             then the number of targets and slot heardAtMs of each
 *                   close                                        every call ends with CLOSED, every connection too
 *   to main         answered  id status headers body attempts
 *                   failed    id code message sent cause attempts
 *                   dropped   id                                 it had been taken back before it was begun
 *                   nodeFailed  slot generation startedAtMs reason
 *                   refused                                      a node answered 401
 *                   signWanted  slot
 *                   released  slot topology                      held no longer, under the list of that number
 *
 *   headers   to the thread: one text, with a line for each name and each value; neither can hold a line's end
 *             to main: the lines as they came, `name: value`, with CRLF between them
 *   attempts  their number, then node code ms of each; of an answer, the last is the one that answered
 *   body      text, or bytes whose buffer is transferred; null: none
 *
 * An array of primitives is what structured cloning does fastest; parsed answers as objects would cost main more than all
 * the rest together.
 */
export type Word = number | string | Uint8Array | null;

export const toThread = { call: 0, cancel: 1, pump: 2, close: 3, move: 4 } as const;
export const toMain = {
  answered: 0,
  failed: 1,
  dropped: 2,
  nodeFailed: 3,
  refused: 4,
  released: 5,
  signWanted: 6,
} as const;

/**
 * How far one call has come, in a word that main and its thread share. So main knows the truth of what was sent also
 * when the thread is busy or dead:
 *
 *   posted ──thread──▶ begun ──thread, as it writes──▶ handed
 *      └────main────┬────┘main
 *                   ▼
 *                 taken        main has settled it, or given it to another thread: this one must not send it
 *
 * Each arrow is one compare-and-exchange.
 */
export const claim = { posted: 0, begun: 1, handed: 2, taken: 3 } as const;

/** The first message of a lane; nothing is sent before it. */
export interface Hello extends NewTargets {
  /** The thread's row of the node table. */
  readonly row: number;
  /** One word a call, by its id. */
  readonly claims: Int32Array;
}

/** On a port of their own, so that they can be taken from it without a turn of the loop. */
export interface NewTargets {
  readonly topology: number;
  readonly targets: readonly Target[];
}

/** Up to so many bytes, copying text is cheaper than handing over a buffer. */
const textMaxBytes = 8_192;

/** One side's messages of this turn. */
export class Outgoing {
  readonly words: Word[] = [];
  readonly transfer: ArrayBuffer[] = [];

  call(
    id: number,
    { method, path, headers, body, class: requestClass, movable, maxRetries, deadlineMs }: PreparedRequest,
  ): void {
    this.words.push(toThread.call, id, method, path, headers.join("\n"));
    if (body instanceof Uint8Array) {
      // The caller's own buffer stays the caller's.
      const copy = new Uint8Array(body);
      this.words.push(copy);
      this.transfer.push(copy.buffer);
    } else this.words.push(body ?? null);
    this.words.push(requestClass, movable ? 1 : 0, maxRetries, deadlineMs);
  }

  cancel(id: number, code: CancelCode, message: string): void {
    this.words.push(toThread.cancel, id, code, message);
  }

  move({ decidedAtMs, stuck, targets }: RerouteOrder): void {
    this.words.push(toThread.move, decidedAtMs, stuck.length);
    for (const { slot, generation, suspectedAtMs } of stuck) this.words.push(slot, generation, suspectedAtMs);
    this.words.push(targets.length);
    for (const { slot, heardAtMs } of targets) this.words.push(slot, heardAtMs);
  }

  result(id: number, result: Result): void {
    if (result.kind === "answered") {
      this.words.push(toMain.answered, id, result.status, headerText(result.rawHeaders));
      this.answerBody(result.body);
      this.attempts(result.attempts);
    } else {
      const { code, message, sent, cause, attempts } = result.error;
      this.words.push(toMain.failed, id, code, message, sent, cause ?? null);
      this.attempts(attempts);
    }
  }

  private answerBody(body: Buffer | string): void {
    if (typeof body === "string") this.words.push(body);
    else if (body.length <= textMaxBytes && isAscii(body)) this.words.push(body.toString("latin1"));
    else if (body.length <= textMaxBytes && isUtf8(body)) this.words.push(body.toString("utf8"));
    else this.bytes(body);
  }

  private bytes(body: Buffer): void {
    const whole = isOurs(body) ? body : copyOf(body);
    this.words.push(whole);
    this.transfer.push(whole.buffer as ArrayBuffer);
  }

  private attempts(attempts: readonly Attempt[]): void {
    this.words.push(attempts.length);
    for (const { node, code, ms } of attempts) this.words.push(node, code, ms);
  }
}

/**
 * Whether the buffer that holds the body may be given away. Of a body in one piece it is what was read from the socket,
 * with the headers before it and nothing else. Never Node's own pool: others have parts of it.
 */
function isOurs(body: Buffer): boolean {
  const { buffer, byteLength } = body;
  return buffer instanceof ArrayBuffer && buffer.byteLength !== Buffer.poolSize && byteLength * 2 >= buffer.byteLength;
}

function copyOf(body: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(body.length);
  copy.set(body);
  return copy;
}

/** Between a name and its value, and between two lines. */
const separatorBytes = 2;

function headerText(rawHeaders: readonly Buffer[] | string): string {
  if (typeof rawHeaders === "string") return rawHeaders;
  return asTheyCame(rawHeaders) ?? linesOf(rawHeaders);
}

/** Mostly, the parts lie in what was read just as they stand in the text: one copy instead of dozens. */
function asTheyCame(rawHeaders: readonly Buffer[]): string | undefined {
  const [first] = rawHeaders;
  if (first === undefined) return "";
  const { buffer, byteOffset } = first;
  let end = byteOffset - separatorBytes;
  for (const part of rawHeaders) {
    if (part.byteOffset !== end + separatorBytes || part.buffer !== buffer) return undefined;
    end = part.byteOffset + part.byteLength;
  }
  return Buffer.from(buffer, byteOffset, end - byteOffset).toString("latin1");
}

function linesOf(rawHeaders: readonly Buffer[]): string {
  let text = "";
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const line = `${rawHeaders[at]?.toString("latin1")}: ${rawHeaders[at + 1]?.toString("latin1")}`;
    text += at === 0 ? line : `\r\n${line}`;
  }
  return text;
}

/** Reads one message, word by word. What was written by {@link Outgoing} is read in the same order. */
export class Incoming {
  private at = 0;

  constructor(private readonly words: readonly Word[]) {}

  get ended(): boolean {
    return this.at >= this.words.length;
  }

  number(): number {
    return this.words[this.at++] as number;
  }

  text(): string {
    return this.words[this.at++] as string;
  }

  call(): PreparedRequest {
    const method = this.text() as Dispatcher.HttpMethod;
    const path = this.text();
    const headers = this.text();
    const body = this.words[this.at++] as string | Uint8Array | null;
    return {
      method,
      path,
      headers: headers === "" ? [] : headers.split("\n"),
      body: body ?? undefined,
      class: this.text() as RequestClass,
      movable: this.number() === 1,
      maxRetries: this.number(),
      deadlineMs: this.number(),
    };
  }

  move(): RerouteOrder {
    const decidedAtMs = this.number();
    const stuck: RerouteOrder["stuck"][number][] = [];
    for (let left = this.number(); left > 0; left--) {
      stuck.push({ slot: this.number(), generation: this.number(), suspectedAtMs: this.number() });
    }
    const targets: RerouteOrder["targets"][number][] = [];
    for (let left = this.number(); left > 0; left--) targets.push({ slot: this.number(), heardAtMs: this.number() });
    return { decidedAtMs, stuck, targets };
  }

  cancelCode(): CancelCode {
    return this.text() as CancelCode;
  }

  answer(): Result {
    const status = this.number();
    const rawHeaders = this.text();
    const body = this.words[this.at++] as string | Uint8Array;
    const attempts = this.attempts();
    return {
      kind: "answered",
      status,
      rawHeaders,
      body: typeof body === "string" ? body : Buffer.from(body.buffer, body.byteOffset, body.byteLength),
      node: attempts.at(-1)?.node ?? "",
      attempts,
    };
  }

  failure(): Result & { readonly kind: "failed" } {
    const code = this.text() as RollcallErrorCode;
    const message = this.text();
    const sent = this.text() as Sent;
    const cause = this.words[this.at++] as string | null;
    const attempts = this.attempts();
    return { kind: "failed", error: { code, message, sent, attempts, ...(cause === null ? {} : { cause }) } };
  }

  private attempts(): Attempt[] {
    const attempts: Attempt[] = [];
    for (let left = this.number(); left > 0; left--) {
      attempts.push({ node: this.text(), code: this.text(), ms: this.number() });
    }
    return attempts;
  }
}
