import type { Attempt, RollcallErrorCode, Sent, WireError } from "@rollcall/core";
import type { Dispatcher } from "undici";
import type { BodySource } from "../dispatch/body-source.js";
import type { RerouteOrder } from "../dispatch/reroute-order.js";
import type { AnswerHead, CancelCode, PreparedRequest, RequestSettings, Result } from "../dispatch/sender.js";
import { classes, namedMax, toThread, type Word } from "./messages.js";
import { urlOf } from "./node-url-word.js";

/** What requests that are alike have in common. */
type Terms = Pick<PreparedRequest, "method" | "headers" | "class" | "reroutable" | "hedgeTemplate" | "maxRetries">;
const noTerms: Terms = { method: "GET", headers: [], class: "never", reroutable: false, maxRetries: 0 };

type NamedNode = Pick<AnswerHead, "node" | "nodeUrl">;
const noNode: NamedNode = { node: "", nodeUrl: "" };

/** The kinds that begin a request. */
export type RequestWord = typeof toThread.request | typeof toThread.plain | typeof toThread.alike;

/** Reads one message, word by word, in the order in which `Outgoing` has written it. */
export class Incoming {
  private at = 0;
  /** Of the last `plain` request. */
  private plain = noTerms;
  /** The first ones that an answer names. */
  private readonly nodes: NamedNode[] = [];

  constructor(private readonly words: readonly Word[]) {}

  get ended(): boolean {
    return this.at >= this.words.length;
  }

  /** The kind of the next piece. */
  toThread(): (typeof toThread)[keyof typeof toThread] {
    return this.number() as (typeof toThread)[keyof typeof toThread];
  }

  number(): number {
    return this.words[this.at++] as number;
  }

  text(): string {
    return this.words[this.at++] as string;
  }

  /** `openBody` makes the source of a body that streams. */
  request(
    kind: RequestWord,
    openBody: (windowBytes: number) => BodySource | undefined = () => undefined,
  ): PreparedRequest {
    const terms = kind === toThread.alike ? this.plain : this.terms();
    if (kind === toThread.plain) this.plain = terms;
    const path = this.text();
    const deadlineMs = this.number();
    const body = this.words[this.at++] as string | Uint8Array | number | null;
    const isWhole = kind === toThread.request;
    return {
      method: terms.method,
      path,
      headers: terms.headers,
      body: typeof body === "number" ? openBody(body) : (body ?? undefined),
      class: terms.class,
      reroutable: terms.reroutable,
      hedgeTemplate: terms.hedgeTemplate,
      maxRetries: terms.maxRetries,
      deadlineMs,
      sentBefore: isWhole ? this.number() : 0,
      settings: isWhole ? this.settings() : undefined,
      answerWindowBytes: isWhole ? this.number() : 0,
    };
  }

  private terms(): Terms {
    const method = this.text() as Dispatcher.HttpMethod;
    const headers = this.text();
    const requestClass = classes[this.number()] ?? "never";
    const move = this.words[this.at++];
    return {
      method,
      headers: headers === "" ? [] : headers.split("\n"),
      class: requestClass,
      reroutable: move !== 0,
      hedgeTemplate: typeof move === "string" ? move : undefined,
      maxRetries: this.number(),
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
    const given = this.words[this.at++] as string | Uint8Array;
    const body = typeof given === "string" ? given : received(given);
    if (this.words[this.at] === null) {
      this.at++;
      const ms = this.number();
      const { node, nodeUrl } = this.node();
      return {
        kind: "answered",
        status,
        rawHeaders,
        body,
        node,
        nodeUrl,
        attempts: [{ node, code: String(status), ms }],
      };
    }
    const attempts = this.attempts(status);
    const node = attempts.at(-1)?.node ?? "";
    return { kind: "answered", status, rawHeaders, body, node, nodeUrl: this.urlOf(node), attempts };
  }

  private node(): NamedNode {
    const word = this.words[this.at++] as string | number;
    if (typeof word === "number") return this.nodes[word] ?? noNode;
    const named = { node: word, nodeUrl: this.urlOf(word) };
    if (this.nodes.length < namedMax) this.nodes.push(named);
    return named;
  }

  private urlOf(node: string): string {
    return urlOf(node, this.words[this.at++] ?? 0);
  }

  failure(): Result & { readonly kind: "failed" } {
    return { kind: "failed", error: this.error() };
  }

  head(): AnswerHead {
    const status = this.number();
    const rawHeaders = this.text();
    const attempts = this.attempts(status);
    const node = attempts.at(-1)?.node ?? "";
    return { status, rawHeaders, node, nodeUrl: this.urlOf(node), attempts };
  }

  bytes(): Buffer {
    return received(this.words[this.at++] as Uint8Array);
  }

  error(): WireError {
    const code = this.text() as RollcallErrorCode;
    const message = this.text();
    const sent = this.text() as Sent;
    const cause = this.words[this.at++] as string | null;
    const attempts = this.attempts(0);
    return { code, message, sent, attempts, ...(cause === null ? {} : { cause }) };
  }

  private attempts(status: number): Attempt[] {
    const attempts: Attempt[] = [];
    for (let left = this.number(); left > 0; left--) {
      const node = this.text();
      const code = this.words[this.at++] as string | 0;
      attempts.push({ node, code: code === 0 ? String(status) : code, ms: this.number() });
    }
    return attempts;
  }
}

/**
 * Bytes whose buffer was transferred to this thread.
 *
 * V8 collects young buffers cheaply once they hold 32 MB, but it looks at that only where this thread allocates one.
 * Transferred buffers are not allocated here: they would only ever go in a full collection, one for each 64 MB. Hence
 * the smallest buffer beside each.
 */
function received({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  new ArrayBuffer(1);
  return Buffer.from(buffer, byteOffset, byteLength);
}
