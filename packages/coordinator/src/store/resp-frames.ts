import { viewLimits } from "@rollcall/core/view";

/** A whole reply, or a push: what the server sends by itself. The name is the text of its first element. */
export type Frame = { readonly kind: "reply" | "error" } | { readonly kind: "push"; readonly name: string };

/** A message that begins to arrive. Its channel is given one character a byte. */
export interface Arriving {
  readonly channel: string;
  readonly byteLength: number;
}

/** The largest answer is a document, or the slots of a large Redis Cluster. A message may be longer, and is then skipped. */
export const frameMaxBytes = 2 * viewLimits.documentMaxBytes;
const itemsMax = 100_000;
const depthMax = 16;
const nameMaxBytes = 32;
const channelMaxBytes = 2_048;

/** An element of a push. */
type Element = "text" | "number" | "null" | "other";

const message: readonly (readonly Element[])[] = [["text", "text", "text"]];
const subscribed: readonly (readonly Element[])[] = [["text", "text", "number"]];
const unsubscribed: readonly (readonly Element[])[] = [...subscribed, ["text", "null", "number"]];
/** The pushes that the client interprets, with the elements that it relies on. It ignores all others. */
const pushes: Readonly<Record<string, readonly (readonly Element[])[]>> = {
  ...{ message, subscribe: subscribed, unsubscribe: unsubscribed },
  ...{ smessage: message, ssubscribe: subscribed, sunsubscribe: unsubscribed },
};
/** Interpreted too, but never asked for. */
const strangePushes = new Set(["pmessage", "psubscribe", "punsubscribe"]);

/**
 * Divides what a Redis sends into frames (RESP2 and RESP3) and checks each before the client reads it. Nothing is kept
 * but the line at hand and the name of a push, so a frame without end costs no memory.
 *
 *   line ── a length ──▶ bytes ── all passed ──▶ line        any byte that fits neither ──▶ broken
 */
export class RespFrames {
  private line = "";
  private lineEnd = 0;
  private length = 0;
  /** Of the text at hand, with the line break behind it. */
  private bytesLeft = 0;
  /** How many values each open list lacks, the outermost first. */
  private readonly open: number[] = [];
  private frameBytes = 0;
  private items = 0;
  private kind: "reply" | "error" | "push" = "reply";
  private elements: Element[] = [];
  private name = "";
  private channel = "";
  private takes: "name" | "channel" | "nothing" = "nothing";
  private arrivingNow: Arriving | undefined;

  /** Whether a frame has begun and not ended. */
  get isInsideFrame(): boolean {
    return this.frameBytes > 0;
  }

  /** The message at hand, from the moment its channel and length are there until its frame ends. It may have any length. */
  get arriving(): Arriving | undefined {
    return this.arrivingNow;
  }

  /** Whether the frame at hand may still turn out to be a message. */
  get mayBecomeMessage(): boolean {
    if (this.arrivingNow !== undefined || !this.isInsideFrame) return false;
    if (this.open.length === 0) return this.line.startsWith(">");
    return this.kind === "push" && this.elements.length < messageElements;
  }

  /**
   * Reads up to the end of a frame or of the chunk, from `start`.
   *
   * @returns where it stopped, and the frame if one ended there
   * @throws Error if this is no answer of a Redis, for people; the connection is of no use then
   */
  next(chunk: Buffer, start: number): { readonly end: number; readonly frame?: Frame } {
    let at = start;
    if (this.frameBytes === 0) this.arrivingNow = undefined;
    while (at < chunk.length) {
      const from = at;
      let isValue: boolean;
      if (this.bytesLeft > 0) {
        at = Math.min(chunk.length, from + this.bytesLeft);
        const textEnd = Math.min(at, from + this.bytesLeft - lineBreakBytes);
        if (this.takes !== "nothing" && textEnd > from) this.take(chunk.toString("latin1", from, textEnd));
        this.bytesLeft -= at - from;
        isValue = this.bytesLeft === 0;
      } else if (this.line === "" && this.readLength(chunk, from)) {
        at = this.lineEnd;
        isValue = this.begin(chunk[from] ?? 0, this.length);
      } else {
        const feed = chunk.indexOf(lineFeed, from);
        at = feed === -1 ? chunk.length : feed + 1;
        this.line += chunk.toString("latin1", from, at);
        isValue = feed !== -1 && this.readLine();
      }
      this.frameBytes += at - from;
      if (this.frameBytes > frameMaxBytes && this.arrivingNow === undefined) throw broken("an answer has no end");
      if (isValue && this.endValue()) return { end: at, frame: this.endFrame() };
    }
    return { end: at };
  }

  /** Most lines by far: `$7`, `>3`, `*2`. Whether a whole one begins here; `lineEnd` and `length` say the rest. */
  private readLength(chunk: Buffer, from: number): boolean {
    const type = chunk[from];
    if (type !== dollar && type !== push && type !== star) return false;
    let at = from + 1;
    let length = 0;
    for (; at < chunk.length; at++) {
      const digit = (chunk[at] ?? 0) - zero;
      if (digit < 0 || digit > 9) break;
      length = 10 * length + digit;
    }
    const digits = at - from - 1;
    if (digits < 1 || digits > lengthMaxDigits || chunk[at] !== carriageReturn || chunk[at + 1] !== lineFeed)
      return false;
    this.lineEnd = at + lineBreakBytes;
    this.length = length;
    return true;
  }

  /** Whether the line is a value of its own. If not, its bytes or items follow. */
  private readLine(): boolean {
    const { line } = this;
    this.line = "";
    const type = line.charAt(0);
    const text = line.slice(1, -lineBreakBytes);
    if (line.charAt(line.length - lineBreakBytes) !== "\r" || text.includes("\r"))
      throw broken("an answer is not RESP");
    const code = type.charCodeAt(0);
    if (/^\d{1,10}$/.test(text) && lengthTypes.includes(type)) return this.begin(code, Number(text));
    const isElement = this.enter(code);
    switch (type) {
      case "+":
      case "-":
        if (this.takes !== "nothing" && type === "+") this.take(text);
        if (isElement) this.elements.push("text");
        return true;
      case ":":
        if (!/^[-+]?\d{1,19}$/.test(text)) break;
        if (isElement) this.elements.push("number");
        return true;
      case "_":
        if (text !== "") break;
        if (isElement) this.elements.push("null");
        return true;
      case "#":
      case ",":
      case "(":
        if (text === "") break;
        if (isElement) this.elements.push("other");
        return true;
      case "$":
      case "*":
        if (text !== "-1") break;
        if (isElement) this.elements.push("null");
        return true;
    }
    throw broken("an answer is not RESP");
  }

  /** A value begins. Whether it is an element of a push. */
  private enter(type: number): boolean {
    if (++this.items > itemsMax) throw broken("an answer has too many parts");
    if (this.open.length === 0) {
      this.kind = type === push ? "push" : type === minus || type === bang ? "error" : "reply";
    } else if (type === push) throw broken("a message is inside an answer");
    const isElement = this.kind === "push" && this.open.length === 1;
    const place = isElement ? this.elements.length : -1;
    this.takes = place === 0 ? "name" : place === 1 && this.isMessage ? "channel" : "nothing";
    return isElement;
  }

  private begin(type: number, length: number): boolean {
    const isElement = this.enter(type);
    if (type === dollar || type === verbatim || type === bang) {
      if (isElement) this.elements.push(type === bang ? "other" : "text");
      if (isElement && this.elements.length === messageElements && this.isMessage)
        this.arrivingNow = { channel: this.channel, byteLength: length };
      else if (length > frameMaxBytes) throw broken("an answer is too long");
      this.bytesLeft = length + lineBreakBytes;
      return false;
    }
    const items = type === percent ? 2 * length : length;
    if (items > itemsMax) throw broken("an answer has too many parts");
    if (this.open.length === depthMax) throw broken("an answer is nested too deeply");
    if (isElement) this.elements.push("other");
    if (items > 0) this.open.push(items);
    return items === 0;
  }

  private take(text: string): void {
    if (this.takes === "name") this.name = `${this.name}${text}`.slice(0, nameMaxBytes);
    else this.channel = `${this.channel}${text}`.slice(0, channelMaxBytes);
  }

  private get isMessage(): boolean {
    return this.name === "message" || this.name === "smessage";
  }

  /** Whether the frame ends with this value. */
  private endValue(): boolean {
    for (let left = this.open.pop(); left !== undefined; left = this.open.pop()) {
      if (left > 1) {
        this.open.push(left - 1);
        return false;
      }
    }
    return true;
  }

  private endFrame(): Frame {
    const { kind, elements, name } = this;
    this.frameBytes = 0;
    this.items = 0;
    this.elements = [];
    this.name = "";
    this.channel = "";
    if (kind !== "push") return { kind };
    const isExpected =
      elements[0] === "text" &&
      !strangePushes.has(name) &&
      (!Object.hasOwn(pushes, name) || pushes[name]?.some((shape) => isOfShape(elements, shape)) === true);
    if (!isExpected) throw broken("it sends a message of no known form");
    return { kind, name };
  }
}

function isOfShape(elements: readonly Element[], shape: readonly Element[]): boolean {
  return elements.length === shape.length && elements.every((element, place) => element === shape[place]);
}

/** Those whose lines say how much follows. */
const lengthTypes = "$=!*~%>";
const lengthMaxDigits = 10;
const [dollar, verbatim, bang, star, percent, push] = [36, 61, 33, 42, 37, 62];
const [minus, zero, lineFeed, carriageReturn] = [45, 48, 10, 13];
const lineBreakBytes = 2;
/** Its kind, its channel, and what it says. */
const messageElements = 3;

/** The connection carries something that no Redis sends. */
export class BrokenReplies extends Error {}

export function broken(why: string): BrokenReplies {
  return new BrokenReplies(`its answers cannot be read (${why})`);
}

/** A reply of another form than the command's: a proxy has lost one, or mixed them up. */
export function otherReply(): BrokenReplies {
  return broken("an answer to another command");
}
