import type { Attempt, RollcallErrorCode, Steps, WireError } from "@rollcall/core";
import type { Priority } from "@rollcall/core/overload";
import type { RequestClass } from "@rollcall/core/request";
import type { Dispatcher } from "undici";
import type { AnswerSource } from "./answer-stream.js";
import type { SentBody } from "./body-source.js";
import type { RerouteOrder } from "./reroute-order.js";
import type { Target } from "./target.js";

/** One request, prepared for sending: plain data that can cross threads, but for a body that streams. */
export interface PreparedRequest {
  readonly method: Dispatcher.HttpMethod;
  /** With its query, without any node's prefix. */
  readonly path: string;
  /** Name, value, name, value. */
  readonly headers: readonly string[];
  readonly body: SentBody;
  readonly class: RequestClass;
  /** While it waits at a stalled node it may be given up there and sent to another. */
  readonly reroutable: boolean;
  /** 0: one attempt exactly. */
  readonly maxRetries: number;
  /** When its owner will cancel it; no attempt begins at or after this time. */
  readonly deadlineMs: number;
  /** Attempts that were handed to a socket by threads that have died since; otherwise 0. */
  readonly sentBefore: number;
  /** How much of the answer's body may be unread by its reader; 0: the answer is collected. */
  readonly answerWindowBytes: number;
  /** Of a Read that may have a hedge: the kind of Reads that it is of. Of no effect unless it is reroutable. */
  readonly hedgeTemplate?: string | undefined;
  /** Undefined for most requests. */
  readonly settings: RequestSettings | undefined;
}

/** What one request says otherwise than its pool. */
export interface RequestSettings {
  /** Statuses that are its answer, although others would be retried for them. */
  readonly finalStatuses?: readonly number[] | undefined;
  readonly maxResponseBytes?: number | undefined;
  /** Its headers hold a credential of its own: a 401 says nothing of the pool's. */
  readonly hasOwnAuth?: boolean | undefined;
  /** The node that it goes to, and to no other: its address, name or id. */
  readonly node?: string | undefined;
  /** Which requests go before it where requests wait. Default: "normal". */
  readonly priority?: Priority | undefined;
  /** Its bytes are the request's own: they go to a thread without a copy, and then no other thread can have them. */
  readonly hasGivenBody?: boolean | undefined;
}

export type Result =
  | {
      readonly kind: "answered";
      readonly status: number;
      /**
       * As undici gives them: name, value, name, value, each as bytes. From a thread: one text, with CRLF between
       * lines.
       */
      readonly rawHeaders: readonly Buffer[] | string;
      /** Text only where it is the very bytes, as UTF-8. */
      readonly body: Buffer | string;
      /** `host:port` of the node that answered. */
      readonly node: string;
      /** Its whole URL, without user and password. */
      readonly nodeUrl: string;
      readonly attempts: readonly Attempt[];
    }
  | { readonly kind: "failed"; readonly error: WireError };

/** What comes of an answer before its body. */
export interface AnswerHead {
  readonly status: number;
  /** Names and values in turn, as bytes; or one text, with CRLF between lines of `name: value`. */
  readonly rawHeaders: readonly Buffer[] | string;
  readonly node: string;
  readonly nodeUrl: string;
  readonly attempts: readonly Attempt[];
}

/** The headers of an answer have come; its body comes from `source`, piece by piece. */
export interface StreamingAnswer extends AnswerHead {
  /** How much of the body may be unread by its reader. */
  readonly windowBytes: number;
  readonly source: AnswerSource;
}

/** Why a request's owner cancels it. */
export type CancelCode = Extract<RollcallErrorCode, "TIMEOUT" | "ABORTED" | "CLOSED">;

/** Lets a request be either sent or revoked by its owner, never both. */
export interface Claim {
  /** An attempt is about to be written. False: the request was revoked, and no byte may be written. */
  markSent(): boolean;
}

/** Whose request it is. An object and not a function for each request: thousands may wait. */
export interface RequestOwner {
  /** What has become of it. Called once; for an answer that streams, `streaming` is called in its place. */
  settle(result: Result): void;
  /** Absent: no answer to it streams. */
  streaming?(answer: StreamingAnswer): void;
}

/** A request that is not settled yet. */
export interface PendingRequest {
  /** Ends the request soon, with that code and the truth about what was sent. Without effect on a settled one. */
  cancel(code: CancelCode, message: string): void;
}

/** Which node has refused its credential. */
export interface CredentialRefusal {
  readonly slot: number;
  readonly generation: number;
  /** The number of the list of nodes that the credential was of; absent: the newest. */
  readonly list?: number;
}

/** Receives what a sender learns of the nodes' health. */
export interface DispatchObserver {
  /** A connection-class failure of an attempt that began at `startedAtMs`. */
  failed(failure: { slot: number; generation: number; startedAtMs: number; reason: string }): void;
  /**
   * A node answered 401 to a credential of the pool that may be renewed. `done` is called once: when the sender has the
   * list of nodes with another credential, or there is none for now.
   */
  credentialRefused(refusal: CredentialRefusal, done: () => void): void;
  /** No request or connection of the slot is left since its target was taken away: another node may have it. */
  released(slot: number): void;
  /**
   * Reads that wait at a stalled node would be rerouted to this one if it gave a sign of life. May be called
   * repeatedly.
   */
  probeWanted(slot: number): void;
}

export interface SenderStats {
  /** Requests that wait for a connection, or for a thread. */
  readonly queued: number;
}

/**
 * Sends requests to nodes: a dispatch in this thread, or lanes to dispatches in others. The pool works with
 * either.
 */
export interface Sender {
  /** Whether requests can be sent: those started before are queued. */
  readonly isUp: boolean;
  /** Takes over the newest list of nodes, before the table names any of it. */
  apply(targets: readonly Target[]): void;
  /**
   * Does in steps what {@link apply} of a long list, the same object, can do ahead. Absent: nothing. Changes nothing that
   * is in use.
   */
  prepare?(targets: readonly Target[]): Steps<void>;
  /** Starts a request. It may be settled before this returns. */
  start(request: PreparedRequest, owner: RequestOwner, claim?: Claim): PendingRequest;
  /** The table has changed: requests that wait for a connection go on if they can. */
  pump(): void;
  /**
   * Reroutes Reads that wait at some nodes, as many as the targets can bear. To be called every `beatMs` while any
   * waits.
   */
  reroute(order: RerouteOrder): void;
  stats(): SenderStats;
  /** Ends every request and every connection, now. Always resolves. */
  destroy(): Promise<void>;
}
