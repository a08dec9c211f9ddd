import { isAscii, isUtf8 } from "node:buffer";
import type { Attempt, RollcallErrorCode, Sent, WireError } from "@rollcall/core";
import type { RequestClass } from "@rollcall/core/request";
import type { Dispatcher } from "undici";
import { type BodySource, isBodySource } from "../dispatch/body-source.js";
import type { RerouteOrder } from "../dispatch/reroute-order.js";
import type { CancelCode, PreparedRequest, RequestSettings, Result, StreamingAnswer } from "../dispatch/sender.js";
import type { Target } from "../dispatch/target.js";

/**
 * What crosses a lane. Each way, one turn of a loop makes one message: a flat array of numbers, text and bytes, in
 * which each piece begins with its kind.
 *
 *   to the thread   request   id method path headers body class reroutable maxRetries deadlineMs sentBefore
 *                             settings answerWindowBytes
 *                   bodyPiece id bytes                           of a body that streams
 *                   bodyEnd   id isWhole
 *                   read      id bytes                           of a streamed answer, by its reader
 *                   drop      id                                 no more of a streamed answer is wanted
 *                   cancel    id code message
 *                   pump
 *                   reroute   decidedAtMs, then the number of stuck slots and slot generation suspectedAtMs of each,
 *                             then the number of targets and slot lastByteAtMs of each
 *                   close                                        every request ends with CLOSED, every connection too
 *                   taken     byteLength                         a large answer of so many bytes has come from it
 *   to main         answered  id status headers body attempts nodeUrl
 *                   failed    id code message sent cause attempts
 *                   bodyRead  id bytes                           of a body that streams: main may send so many more
 *                   head      id status headers attempts nodeUrl an answer begins to stream
 *                   piece     id bytes                           of its body: a buffer of its own, transferred
 *                   end       id                                 its body is whole
 *                   broken    id, then as failed                 nothing more of it comes
 *                   dropped   id                                 it had been revoked before the thread accepted it, or
 *                                                                main had dropped its answer
 *                   nodeFailed  slot generation startedAtMs reason
 *                   credentialRefused                            a node answered 401 to the pool's credential
 *                   credentialGiven                              a task's request has its own; see whenProtected
 *                   probeWanted slot
 *                   released  slot topology                      held no longer, under the list of that number
 *
 *   headers   to the thread: one text, with a line for each name and each value; neither can hold a line break
 *             to main: the lines as they came, `name: value`, with CRLF between them
 *   attempts  their number, then node code ms of each; of an answer, the last is the one that answered
 *   nodeUrl   0: `http://` and the node; 1: `https://` and the node; else the URL, which has a path
 *   settings  of this request alone, as JSON; null for most
 *   body      text, or bytes whose buffer is transferred; null: none; a number: it streams, within a window of so much
 *
 * Structured cloning is fastest for an array of primitives; parsed answers as objects would cost main more than all the
 * rest together.
 */
export type Word = number | string | Uint8Array | null;

export const toThread = {
  request: 0,
  cancel: 1,
  pump: 2,
  close: 3,
  reroute: 4,
  taken: 5,
  bodyPiece: 8,
  bodyEnd: 9,
  read: 6,
  drop: 7,
} as const;
export const toMain = {
  answered: 0,
  failed: 1,
  dropped: 2,
  nodeFailed: 3,
  credentialRefused: 4,
  released: 5,
  probeWanted: 6,
  credentialGiven: 7,
  head: 8,
  piece: 9,
  end: 10,
  broken: 11,
  bodyRead: 12,
} as const;

/**
 * How far one request has come, in a word that main and its thread share. It is the truth about what was sent also when
 * the thread is busy or dead:
 *
 *   queued ──thread──▶ accepted ──thread, as it writes──▶ sent, and 1 more for each further attempt
 *      └─────main─────────┬┘ main
 *                         ▼
 *                      revoked     main has settled it, or given it to another thread: this one must not send it
 *
 * Each arrow is one compare-and-exchange.
 */
export const claim = { queued: 0, accepted: 1, revoked: 2, sent: 3 } as const;

/** How many attempts a claim word counts as handed to a socket. */
export function sentAttempts(word: number): number {
  return Math.max(0, word - claim.sent + 1);
}

/** The first message of a lane; nothing is sent before it. */
export interface Hello extends NewTargets {
  /** The thread's row of the node table. */
  readonly row: number;
  /** One word a request, by its id. */
  readonly claims: Int32Array;
}

/** On a port of their own, from which they can be taken without a turn of the loop. */
export interface NewTargets {
  readonly topology: number;
  readonly targets: readonly Target[];
}

/** What crosses of an answer that begins to stream. */
type AnswerHead = Pick<StreamingAnswer, "status" | "rawHeaders" | "node" | "nodeUrl" | "attempts">;

/** Up to this length, copying text is cheaper than transferring a buffer. */
const textMaxBytes = 8_192;

/** One side's messages of this turn. */
export class Outgoing {
  readonly words: Word[] = [];
  readonly transfer: ArrayBuffer[] = [];

  /** `windowBytes`: of a body that streams. */
  request(id: number, request: PreparedRequest, windowBytes = 0): void {
    const {
      method,
      path,
      headers,
      body,
      class: requestClass,
      reroutable,
      maxRetries,
      deadlineMs,
      sentBefore,
      settings,
      answerWindowBytes,
    } = request;
    this.words.push(toThread.request, id, method, path, headers.join("\n"));
    if (body instanceof Uint8Array) {
      // A copy: the request may have to be given to another thread.
      const copy = new Uint8Array(body);
      this.words.push(copy);
      this.transfer.push(copy.buffer);
    } else this.words.push(isBodySource(body) ? windowBytes : (body ?? null));
    this.words.push(requestClass, reroutable ? 1 : 0, maxRetries, deadlineMs, sentBefore);
    this.words.push(settings === undefined ? null : JSON.stringify(settings), answerWindowBytes);
  }

  bodyPiece(id: number, piece: Uint8Array): void {
    // A copy: the buffer is the caller's.
    const copy = new Uint8Array(piece);
    this.words.push(toThread.bodyPiece, id, copy);
    this.transfer.push(copy.buffer);
  }

  cancel(id: number, code: CancelCode, message: string): void {
    this.words.push(toThread.cancel, id, code, message);
  }

  reroute({ decidedAtMs, stuck, targets }: RerouteOrder): void {
    this.words.push(toThread.reroute, decidedAtMs, stuck.length);
    for (const { slot, generation, suspectedAtMs } of stuck) this.words.push(slot, generation, suspectedAtMs);
    this.words.push(targets.length);
    for (const { slot, lastByteAtMs } of targets) this.words.push(slot, lastByteAtMs);
  }

  result(id: number, result: Result): void {
    if (result.kind === "answered") {
      this.words.push(toMain.answered, id, result.status, headerText(result.rawHeaders));
      this.answerBody(result.body);
      this.attempts(result.attempts);
      this.words.push(urlWord(result.node, result.nodeUrl));
    } else {
      this.words.push(toMain.failed, id);
      this.error(result.error);
    }
  }

  head(id: number, { status, rawHeaders, node, nodeUrl, attempts }: AnswerHead): void {
    this.words.push(toMain.head, id, status, headerText(rawHeaders));
    this.attempts(attempts);
    this.words.push(urlWord(node, nodeUrl));
  }

  /** The pieces, joined: a copy, because what was read from a socket may hold more than these bytes. */
  piece(id: number, pieces: readonly Uint8Array[], byteLength: number): void {
    const joined = new Uint8Array(byteLength);
    let at = 0;
    for (const piece of pieces) {
      joined.set(piece, at);
      at += piece.length;
    }
    this.words.push(toMain.piece, id, joined);
    this.transfer.push(joined.buffer);
  }

  end(id: number): void {
    this.words.push(toMain.end, id);
  }

  dropped(id: number): void {
    this.words.push(toMain.dropped, id);
  }

  broken(id: number, error: WireError): void {
    this.words.push(toMain.broken, id);
    this.error(error);
  }

  private error({ code, message, sent, cause, attempts }: WireError): void {
    this.words.push(code, message, sent, cause ?? null);
    this.attempts(attempts);
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
 * Whether the buffer that holds the body may be transferred. For a body in one piece it holds what was read from the
 * socket, the headers before it and nothing else. Never Node's own pool: parts of it belong to other buffers.
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

/** Mostly the parts lie in the buffer in the order of the text: then one copy replaces dozens. */
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

const schemes = ["http://", "https://"] as const;

/** A number crosses faster than a text. */
function urlWord(node: string, url: string): number | string {
  const at = schemes.findIndex((scheme) => url.length === scheme.length + node.length && url.startsWith(scheme));
  return at < 0 ? url : at;
}

function urlOf(node: string, word: Word): string {
  return typeof word === "number" ? `${schemes[word]}${node}` : String(word);
}

/** Reads one message, word by word, in the order in which {@link Outgoing} wrote it. */
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

  /** `openBody` makes the source of a body that streams. */
  request(openBody: (windowBytes: number) => BodySource | undefined = () => undefined): PreparedRequest {
    const method = this.text() as Dispatcher.HttpMethod;
    const path = this.text();
    const headers = this.text();
    const body = this.words[this.at++] as string | Uint8Array | number | null;
    return {
      method,
      path,
      headers: headers === "" ? [] : headers.split("\n"),
      body: typeof body === "number" ? openBody(body) : (body ?? undefined),
      class: this.text() as RequestClass,
      reroutable: this.number() === 1,
      maxRetries: this.number(),
      deadlineMs: this.number(),
      sentBefore: this.number(),
      settings: this.settings(),
      answerWindowBytes: this.number(),
    };
  }

  private settings(): RequestSettings | undefined {
    const text = this.words[this.at++];
    return typeof text === "string" ? (JSON.parse(text) as RequestSettings) : undefined;
  }

  reroute(): RerouteOrder {
    const decidedAtMs = this.number();
    const stuck: RerouteOrder["stuck"][number][] = [];
    for (let left = this.number(); left > 0; left--) {
      stuck.push({ slot: this.number(), generation: this.number(), suspectedAtMs: this.number() });
    }
    const targets: RerouteOrder["targets"][number][] = [];
    for (let left = this.number(); left > 0; left--) targets.push({ slot: this.number(), lastByteAtMs: this.number() });
    return { decidedAtMs, stuck, targets };
  }

  cancelCode(): CancelCode {
    return this.text() as CancelCode;
  }

  answer(): Result & { readonly kind: "answered" } {
    const status = this.number();
    const rawHeaders = this.text();
    const body = this.words[this.at++] as string | Uint8Array;
    const attempts = this.attempts();
    const node = attempts.at(-1)?.node ?? "";
    return {
      kind: "answered",
      status,
      rawHeaders,
      body: typeof body === "string" ? body : Buffer.from(body.buffer, body.byteOffset, body.byteLength),
      node,
      nodeUrl: urlOf(node, this.words[this.at++] ?? 0),
      attempts,
    };
  }

  failure(): Result & { readonly kind: "failed" } {
    return { kind: "failed", error: this.error() };
  }

  head(): AnswerHead {
    const status = this.number();
    const rawHeaders = this.text();
    const attempts = this.attempts();
    const node = attempts.at(-1)?.node ?? "";
    return { status, rawHeaders, node, nodeUrl: urlOf(node, this.words[this.at++] ?? 0), attempts };
  }

  bytes(): Buffer {
    const { buffer, byteOffset, byteLength } = this.words[this.at++] as Uint8Array;
    return Buffer.from(buffer, byteOffset, byteLength);
  }

  error(): WireError {
    const code = this.text() as RollcallErrorCode;
    const message = this.text();
    const sent = this.text() as Sent;
    const cause = this.words[this.at++] as string | null;
    const attempts = this.attempts();
    return { code, message, sent, attempts, ...(cause === null ? {} : { cause }) };
  }

  private attempts(): Attempt[] {
    const attempts: Attempt[] = [];
    for (let left = this.number(); left > 0; left--) {
      attempts.push({ node: this.text(), code: this.text(), ms: this.number() });
    }
    return attempts;
  }
}
