import { MessagePort } from "node:worker_threads";
import type { RequestDefaults } from "../api/prepare-request.js";
import type { ConnectionSettings } from "../dispatch/node-pool.js";
import type { TableLayout } from "../table/layout.js";

/** What every thread gets at its start, as plain data. Nothing in it is secret. */
export interface ThreadSetup {
  readonly words: Int32Array;
  readonly layout: TableLayout;
  readonly settings: ConnectionSettings;
  /** What answers under way may hold in this thread. */
  readonly bufferedMaxBytes: number;
  readonly queueMax: number;
  readonly noNodeWaitMs: number;
  readonly drainMs: number;
  /** For requests that tasks make. */
  readonly defaults: RequestDefaults;
}

/** The first message of a thread to main. */
export interface ThreadAnnouncement {
  readonly kind: "rollcall-thread";
  readonly threadId: number;
  readonly port: MessagePort;
  readonly viewPort: MessagePort;
}

/** Whether the message is an announcement. Tasks and their libraries may post anything on the same port. */
export function isThreadAnnouncement(message: unknown): message is ThreadAnnouncement {
  if (typeof message !== "object" || message === null) return false;
  const { kind, threadId, port, viewPort } = message as Partial<ThreadAnnouncement>;
  return (
    kind === "rollcall-thread" &&
    Number.isInteger(threadId) &&
    port instanceof MessagePort &&
    viewPort instanceof MessagePort
  );
}

/** What a thread is to run. */
export interface TaskMessage {
  /** Of the module, as a URL. */
  readonly module: string;
  readonly data: unknown;
  /** Main posts "cancel" here; the thread posts its {@link TaskOutcome}. */
  readonly port: MessagePort;
}
