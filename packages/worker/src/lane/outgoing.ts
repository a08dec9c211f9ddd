import { isAscii, isUtf8 } from "node:buffer";
import type { MessagePort } from "node:worker_threads";
import type { Attempt, WireError } from "@rollcall/core";
import { isBodySource } from "../dispatch/body-source.js";
import type { RerouteOrder } from "../dispatch/reroute-order.js";
import type { AnswerHead, CancelCode, PreparedRequest, Result } from "../dispatch/sender.js";
import { headerText } from "./header-text.js";
import { classes, namedMax, toMain, toThread, type Word } from "./messages.js";
import { urlWord } from "./node-url-word.js";
import type { PieceLane } from "./piece-runs.js";

/** Up to this length, copying text is cheaper than transferring a buffer. */
const textMaxBytes = 8_192;

/** One side's messages of this turn. */
export class Outgoing implements PieceLane {
  readonly words: Word[] = [];
  readonly transfer: ArrayBuffer[] = [];
  /** The last one of this message that was written as `plain`. */
  private plain: PreparedRequest | undefined;
  /** Of the first nodes that an answer of this message names. */
  private readonly nodeUrls: string[] = [];

  /** Sends what was written since the last time, as one message. */
  post(port: MessagePort): void {
    if (this.words.length === 0) return;
    port.postMessage(this.words, this.transfer);
    this.words.length = 0;
    this.transfer.length = 0;
    this.plain = undefined;
    this.nodeUrls.length = 0;
  }

  /** `windowBytes`: of a body that streams. */
  request(id: number, request: PreparedRequest, windowBytes = 0): void {
    const { body, sentBefore, settings, answerWindowBytes } = request;
    const isPlain = sentBefore === 0 && settings === undefined && answerWindowBytes === 0;
    if (isPlain && this.plain !== undefined && isAlike(request, this.plain)) this.words.push(toThread.alike, id);
    else {
      const { method, headers, class: requestClass, reroutable, hedgeTemplate = 1, maxRetries } = request;
      this.words.push(isPlain ? toThread.plain : toThread.request, id, method, headers.join("\n"));
      this.words.push(classes.indexOf(requestClass), reroutable ? hedgeTemplate : 0, maxRetries);
      if (isPlain) this.plain = request;
    }
    this.words.push(request.path, request.deadlineMs);
    if (body instanceof Uint8Array) {
      // A copy, as a rule: the request may have to be given to another thread.
      const own = settings?.hasGivenBody === true ? body : new Uint8Array(body);
      this.words.push(own);
      this.transfer.push(own.buffer as ArrayBuffer);
    } else this.words.push(isBodySource(body) ? windowBytes : (body ?? null));
    if (!isPlain)
      this.words.push(sentBefore, settings === undefined ? null : JSON.stringify(settings), answerWindowBytes);
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
    if (result.kind === "failed") {
      this.words.push(toMain.failed, id);
      return this.error(result.error);
    }
    const { status, rawHeaders, body, node, nodeUrl, attempts } = result;
    this.words.push(toMain.answered, id, status, headerText(rawHeaders));
    this.answerBody(body);
    const [only] = attempts;
    if (attempts.length === 1 && only?.node === node && only.code === String(status)) {
      this.words.push(null, only.ms);
      return this.node(node, nodeUrl);
    }
    this.attempts(attempts, status);
    this.words.push(urlWord(node, nodeUrl));
  }

  private node(node: string, nodeUrl: string): void {
    const place = this.nodeUrls.indexOf(nodeUrl);
    if (place >= 0) return void this.words.push(place);
    this.words.push(node, urlWord(node, nodeUrl));
    if (this.nodeUrls.length < namedMax) this.nodeUrls.push(nodeUrl);
  }

  head(id: number, { status, rawHeaders, node, nodeUrl, attempts }: AnswerHead): void {
    this.words.push(toMain.head, id, status, headerText(rawHeaders));
    this.attempts(attempts, status);
    this.words.push(urlWord(node, nodeUrl));
  }

  wholePiece(id: number, bytes: Buffer): void {
    this.words.push(toMain.piece, id, bytes);
    this.transfer.push(bytes.buffer as ArrayBuffer);
  }

  joinedPiece(id: number, parts: readonly Buffer[], byteLength: number): void {
    // Not `Buffer.concat`: its result may lie in Node's pool, which cannot be transferred.
    const joined = Buffer.allocUnsafeSlow(byteLength);
    let at = 0;
    for (const part of parts) at += part.copy(joined, at);
    this.wholePiece(id, joined);
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
    this.attempts(attempts, 0);
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

  /** `status`: of the answer; 0: there is none. */
  private attempts(attempts: readonly Attempt[], status: number): void {
    const answered = String(status);
    this.words.push(attempts.length);
    for (const { node, code, ms } of attempts) this.words.push(node, code === answered ? 0 : code, ms);
  }
}

/** Whether they differ in path, body and deadline alone. Requests share their lists of headers. */
function isAlike(one: PreparedRequest, other: PreparedRequest): boolean {
  return (
    one.headers === other.headers &&
    one.method === other.method &&
    one.class === other.class &&
    one.reroutable === other.reroutable &&
    one.hedgeTemplate === other.hedgeTemplate &&
    one.maxRetries === other.maxRetries
  );
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
