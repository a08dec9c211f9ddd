import type { Attempt, RollcallErrorCode, WireError } from "@rollcall/core";
import type { RequestClass } from "@rollcall/core/request";
import type { Dispatcher } from "undici";
import type { RerouteOrder } from "./reroute-order.js";
import type { Target } from "./target.js";

/** One request, prepared: nothing in it needs the caller's thread any more. */
export interface PreparedRequest {
  readonly method: Dispatcher.HttpMethod;
  /** With its query, without any node's prefix. */
  readonly path: string;
  /** Name, value, name, value. */
  readonly headers: readonly string[];
  readonly body: string | Uint8Array | undefined;
  readonly class: RequestClass;
  /** While it waits on a node that has fallen silent it may be sent to another, and given up there. */
  readonly movable: boolean;
  /** 0: one attempt exactly. */
  readonly maxRetries: number;
  /** When its owner will cancel it; nothing is begun that could not end before. */
  readonly deadlineMs: number;
}

export type Result =
  | {
      readonly kind: "answered";
      readonly status: number;
      /** As undici gives them: name, value, name, value, each as bytes. From a thread: one text, with CRLF between lines. */
      readonly rawHeaders: readonly Buffer[] | string;
      /** Text only where it is the very bytes, as UTF-8. */
      readonly body: Buffer | string;
      /** `host:port` of the node that answered. */
      readonly node: string;
      readonly attempts: readonly Attempt[];
    }
  | { readonly kind: "failed"; readonly error: WireError };

/** Why a call's owner gives it up. */
export type CancelCode = Extract<RollcallErrorCode, "TIMEOUT" | "ABORTED" | "CLOSED">;

/** Who may still take a call back, while no byte of it has left. */
export interface Claim {
  /** Bytes of the call are about to be written. False: it has been taken back, and none may be. */
  hand(): boolean;
}

/** A call under way. */
export interface PendingRequest {
  /** Ends the call soon, with that code and the truth about what was sent. Without effect on a settled one. */
  cancel(code: CancelCode, message: string): void;
}

/** What a sender tells whoever judges the nodes' health. */
export interface DispatchObserver {
  /** A connection-class failure of an attempt that began at `startedAtMs`. */
  failed(failure: { slot: number; generation: number; startedAtMs: number; reason: string }): void;
  /** A node answered 401. */
  credentialRefused(): void;
  /** No request or connection of the slot is left since its target was taken away: another node may have it. */
  released(slot: number): void;
  /** Reads that wait on a silent node would go to this one if it gave a sign of life. May be told again and again. */
  probeWanted(slot: number): void;
}

export interface SenderStats {
  /** Calls that wait for a connection, or for a thread. */
  readonly queued: number;
}

/**
 * Whoever sends calls to nodes: a dispatch in this thread, or lanes to dispatches in others. The pool does not know
 * which.
 */
export interface Sender {
  /** Whether there is somebody who sends: calls that are begun before wait. */
  readonly isUp: boolean;
  /** Takes over the newest list of nodes, before the table names any of it. */
  apply(targets: readonly Target[]): void;
  /** Begins a call. `settle` is called once, and may be called before this returns. */
  start(call: PreparedRequest, settle: (result: Result) => void, claim?: Claim): PendingRequest;
  /** Something may have changed for the better: calls that wait for a connection go on if they can. */
  pump(): void;
  /** Sends Reads that wait on some nodes to others, as many as those can bear. To be told every `beatMs` while any waits. */
  reroute(order: RerouteOrder): void;
  stats(): SenderStats;
  /** Ends every call and every connection, now. Always resolves. */
  destroy(): Promise<void>;
}
