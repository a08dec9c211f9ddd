/**
 * Flow control of one stream of bytes, by credit: the sender may have so many bytes on their way that the receiver has
 * not reported as read, and no more.
 *
 *   sender     open ──as much is unread as the window holds──▶ full
 *                ▲                                              │
 *                └────────────── less is unread ◀───────────────┘
 *
 *   receiver   waiting ──it holds as much as the window──▶ full
 *                ▲                                          │
 *                └──────── its reader has taken half ◀──────┘
 *
 * The receiver reports in halves of the window, so that a report is rare and the sender seldom stops. A sender stops
 * after the piece that fills the window: it may exceed it by less than one piece. No deadlock: a receiver whose reader
 * has taken everything has reported enough for the sender to be open.
 */
export interface SendWindow {
  readonly kind: "open" | "full";
  readonly windowBytes: number;
  /** Sent, and not reported as read. */
  readonly unreadBytes: number;
}

export interface ReceiveWindow {
  /** Full: the sender has no credit, so nothing is to be waited for. */
  readonly kind: "waiting" | "full";
  readonly windowBytes: number;
  /** Received, and not reported as read. */
  readonly unreportedBytes: number;
  /** Taken by the reader, and not reported. */
  readonly takenBytes: number;
}

export type SendEvent = { readonly type: "sent" | "read"; readonly byteLength: number };
export type ReceiveEvent = { readonly type: "received" | "taken"; readonly byteLength: number };

/** Pause: send no more. Resume: go on. Report: the sender must learn that so many bytes were read. */
export type SendEffect = "pause" | "resume";
export type ReceiveEffect = { readonly type: "report"; readonly byteLength: number };

type SendStep = readonly [SendWindow, SendEffect | undefined];
type ReceiveStep = readonly [ReceiveWindow, ReceiveEffect | undefined];

/** `windowBytes`: 0 for a sender that waits for its first credit, which comes as a report. */
export function sendWindow(windowBytes: number): SendWindow {
  return { kind: windowBytes > 0 ? "open" : "full", windowBytes, unreadBytes: 0 };
}

export function receiveWindow(windowBytes: number): ReceiveWindow {
  return { kind: "waiting", windowBytes, unreportedBytes: 0, takenBytes: 0 };
}

export function nextSendWindow(window: SendWindow, { type, byteLength }: SendEvent): SendStep {
  const unreadBytes = window.unreadBytes + (type === "sent" ? byteLength : -byteLength);
  const kind = unreadBytes < window.windowBytes ? "open" : "full";
  const effect = kind === window.kind ? undefined : kind === "open" ? "resume" : "pause";
  return [{ ...window, kind, unreadBytes }, effect];
}

export function nextReceiveWindow(window: ReceiveWindow, { type, byteLength }: ReceiveEvent): ReceiveStep {
  const { windowBytes } = window;
  if (type === "received") return [withHeld(window, window.unreportedBytes + byteLength, window.takenBytes), undefined];
  const takenBytes = window.takenBytes + byteLength;
  if (takenBytes * 2 < windowBytes) return [{ ...window, takenBytes }, undefined];
  return [withHeld(window, window.unreportedBytes - takenBytes, 0), { type: "report", byteLength: takenBytes }];
}

function withHeld(window: ReceiveWindow, unreportedBytes: number, takenBytes: number): ReceiveWindow {
  const kind = unreportedBytes < window.windowBytes ? "waiting" : "full";
  return { kind, windowBytes: window.windowBytes, unreportedBytes, takenBytes };
}
