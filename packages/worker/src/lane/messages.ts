import type { RequestClass } from "@rollcall/core/request";
import type { Target } from "../dispatch/target.js";

/**
 * What crosses a lane. Each way, one turn of a loop makes one message: a flat array of numbers, text and bytes, in
 * which each piece begins with its kind.
 *
 *   to the thread   request   id method headers class reroutable maxRetries path deadlineMs body sentBefore
 *                             settings answerWindowBytes
 *                   plain     the same without its last three words: 0, none and 0
 *                   alike     id path deadlineMs body            all else is as of the last `plain` in this message
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
 *                   renewed   ask                                what credentialRefused has asked for was done
 *   to main         answered  id status headers body attempts nodeUrl
 *                             id status headers body null ms node   by its only attempt
 *                   failed    id code message sent cause attempts
 *                   bodyRead  id bytes                           of a body that streams: main may send so many more
 *                   head      id status headers attempts nodeUrl an answer begins to stream
 *                   piece     id bytes                           of its body: a buffer of its own, transferred
 *                   end       id                                 its body is whole
 *                   broken    id, then as failed                 nothing more of it comes
 *                   dropped   id                                 it had been revoked before the thread accepted it, or
 *                                                                main had dropped its answer
 *                   nodeFailed  slot generation startedAtMs reason
 *                   credentialRefused  ask slot generation list  a node answered 401 to the pool's credential; `renewed`
 *                                                                with that number follows
 *                   credentialGiven                              a task's request has its own; see whenProtected
 *                   probeWanted slot
 *                   hedgeDelay  template delayMs                 a hedge of such a Read waits so long there, from now on
 *                   released  slot topology                      held no longer, under the list of that number
 *
 *   headers   to the thread: one text, with a line for each name and each value; neither can hold a line break
 *             to main: the lines as they came, `name: value`, with CRLF between them
 *   class     its place in `classes`
 *   reroutable  0: no; 1: yes; text: yes, and that is its template as one that may be hedged
 *   attempts  their number, then node code ms of each; of an answer, the last is the one that answered. A code that is
 *             the answer's status: 0
 *   node      text and nodeUrl; or the place of both among the first `namedMax` that this message names so
 *   nodeUrl   0: `http://` and the node; 1: `https://` and the node; else the URL, which has a path
 *   settings  of this request alone, as JSON; null for most
 *   body      text, or bytes whose buffer is transferred; null: none; a number: it streams, within a window of so much
 *
 * Structured cloning is fastest for an array of primitives; parsed answers as objects would cost main more than all the
 * rest together.
 */
export type Word = number | string | Uint8Array | null;

/** Among so few a node is found faster than its address crosses. */
export const namedMax = 8;

export const classes: readonly RequestClass[] = ["read", "repeatable", "never"];

export const toThread = {
  request: 0,
  plain: 11,
  alike: 12,
  cancel: 1,
  pump: 2,
  close: 3,
  reroute: 4,
  taken: 5,
  bodyPiece: 8,
  bodyEnd: 9,
  read: 6,
  drop: 7,
  renewed: 10,
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
  hedgeDelay: 13,
} as const;

/** The first message of a lane; nothing is sent before it. */
export interface Hello extends NewTargets {
  /** The thread's row of the node table. */
  readonly row: number;
  /** One word a request, by its id. */
  readonly claims: Int32Array;
}

/** A list of targets and its number. */
export interface NewTargets {
  readonly topology: number;
  readonly targets: readonly Target[];
}

/**
 * A part of a list, one after the other. On a port of their own, from which they can be taken without a turn of the loop:
 * once the table has the number of the list, its last part is there.
 */
export interface TargetsPart extends NewTargets {
  /** How many targets of the list came before. */
  readonly from: number;
  /** How many it has. */
  readonly total: number;
}
