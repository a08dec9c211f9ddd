import { viewLimits } from "@rollcall/core/view";

/** A whole reply, or a push: what the server sends by itself. The name is the text of its first element. */
export type Frame = { readonly kind: "reply" | "error" } | { readonly kind: "push"; readonly name: string };

/** The largest answer is a document, or the slots of a large Redis Cluster. */
const frameMaxBytes = 2 * viewLimits.documentMaxBytes;
const itemsMax = 100_000;
const depthMax = 16;
const nameMaxBytes = 32;

/** An element of a push. */
type Element = "text" | "number" | "null" | "other";

/** The pushes that the client interprets, with the elements that it relies on. It ignores all others. */
const pushes: Readonly<Record<string, readonly (readonly Element[])[]>> = {
  message: [["text", "text", "text"]],
  subscribe: [["text", "text", "number"]],
  unsubscribe: [
    ["text", "text", "number"],
    ["text", "null", "number"],
  ],
};
/** Interpreted too, but never asked for. */
const strangePushes = new Set(["pmessage", "psubscribe", "punsubscribe", "smessage", "ssubscribe", "sunsubscribe"]);

/**
 * Divides what a Redis sends into frames (RESP2 and RESP3) and checks each before the client reads it. Nothing is kept
 * but the line at hand and the name of a push, so a frame without end costs no memory.
 *
 *   line ── a length ──▶ bytes ── all passed ──▶ line        any byte that fits neither ──▶ broken
 */
export class RespFrames {
  private line = "";
  /** Of the text at hand, with the line break behind it. */
  private bytesLeft = 0;
  /** How many values each open list lacks, the outermost first. */
  private readonly open: number[] = [];
  private frameBytes = 0;
  private items = 0;
  private kind: "reply" | "error" | "push" = "reply";
  private elements: Element[] = [];
  private name = "";
  private takesName = false;

  /** Whether a frame has begun and not ended. */
  get isInsideFrame(): boolean {
    return this.frameBytes > 0;
  }

  /**
   * Reads up to the end of a frame or of the chunk, from `start`.
   *
   * @returns where it stopped, and the frame if one ended there
   * @throws Error if this is no answer of a Redis, for people; the connection is of no use then
   */
  next(chunk: Uint8Array, start: number): { readonly end: number; readonly frame?: Frame } {
    let at = start;
    while (at < chunk.length) {
      const from = at;
      let isValue: boolean;
      if (this.bytesLeft > 0) {
        at = Math.min(chunk.length, from + this.bytesLeft);
        if (this.takesName) this.takeName(chunk.subarray(from, at));
        this.bytesLeft -= at - from;
        isValue = this.bytesLeft === 0;
      } else {
        const feed = chunk.indexOf(lineFeed, from);
        at = feed === -1 ? chunk.length : feed + 1;
        this.line += Buffer.from(chunk.buffer, chunk.byteOffset + from, at - from).toString("latin1");
        isValue = feed !== -1 && this.readLine();
      }
      this.frameBytes += at - from;
      if (this.frameBytes > frameMaxBytes) throw broken("an answer has no end");
      if (isValue && this.endValue()) return { end: at, frame: this.endFrame() };
    }
    return { end: at };
  }

  /** Whether the line is a value of its own. If not, its bytes or items follow. */
  private readLine(): boolean {
    const [, type = "", text = ""] = /^([-+:_#,($=!*~%>])([^\r\n]*)\r\n$/.exec(this.line) ?? [];
    this.line = "";
    if (++this.items > itemsMax) throw broken("an answer has too many parts");
    if (this.open.length === 0) {
      this.kind = type === ">" ? "push" : type === "-" || type === "!" ? "error" : "reply";
    } else if (type === ">") throw broken("a message is inside an answer");
    const isElement = this.kind === "push" && this.open.length === 1;
    this.takesName = isElement && this.elements.length === 0 && this.name === "";
    switch (type) {
      case "+":
      case "-":
        if (this.takesName && type === "+") this.name = text.slice(0, nameMaxBytes);
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
      default: {
        if (text === "-1" && (type === "$" || type === "*")) {
          if (isElement) this.elements.push("null");
          return true;
        }
        if (!/^\d{1,10}$/.test(text)) break;
        return this.begin(type, Number(text), isElement);
      }
    }
    throw broken("an answer is not RESP");
  }

  private begin(type: string, length: number, isElement: boolean): boolean {
    if (type === "$" || type === "=" || type === "!") {
      if (length > frameMaxBytes) throw broken("an answer is too long");
      if (isElement) this.elements.push(type === "!" ? "other" : "text");
      this.bytesLeft = length + lineBreakBytes;
      return false;
    }
    const items = type === "%" ? 2 * length : length;
    if (items > itemsMax) throw broken("an answer has too many parts");
    if (this.open.length === depthMax) throw broken("an answer is nested too deeply");
    if (isElement) this.elements.push("other");
    if (items > 0) this.open.push(items);
    return items === 0;
  }

  private takeName(bytes: Uint8Array): void {
    this.name = `${this.name}${Buffer.from(bytes).toString("latin1")}`.slice(0, nameMaxBytes);
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
    const { kind, elements } = this;
    const name = this.name.trimEnd();
    this.frameBytes = 0;
    this.items = 0;
    this.elements = [];
    this.name = "";
    if (kind !== "push") return { kind };
    const isExpected =
      elements[0] === "text" &&
      !strangePushes.has(name) &&
      (!Object.hasOwn(pushes, name) || pushes[name]?.some((shape) => shape.join() === elements.join()) === true);
    if (!isExpected) throw broken("it sends a message of no known form");
    return { kind, name };
  }
}

const lineFeed = 10;
const lineBreakBytes = 2;

/** The connection carries something that no Redis sends. */
export class BrokenReplies extends Error {}

export function broken(why: string): BrokenReplies {
  return new BrokenReplies(`its answers cannot be read (${why})`);
}
