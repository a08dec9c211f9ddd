import type { MessagePort } from "node:worker_threads";
import type { RequestDefaults } from "../api/prepare-request.js";
import type { BindingTable } from "../bindings/binding-table.js";
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
  readonly adaptiveTimeoutMs: number | undefined;
  readonly noNodeWaitMs: number;
  readonly drainMs: number;
  /** The memory of a {@link BindingTable}; absent where all nodes have one user. */
  readonly bindings?: Int32Array | undefined;
  /** For requests that tasks make. */
  readonly defaults: RequestDefaults;
}

/**
 * The thread's ends of its links to main. The thread has no others: whatever tasks and their libraries post to
 * `parentPort` reaches nothing of ours.
 */
export interface ThreadPorts {
  readonly lane: MessagePort;
  /** For lists of targets alone. */
  readonly views: MessagePort;
  /** The thread posts once, when it is up; main posts each {@link TaskMessage}. */
  readonly control: MessagePort;
}

/** A thread's `workerData`. */
export interface ThreadData {
  readonly setup: ThreadSetup;
  readonly ports: ThreadPorts;
}

/** What a thread is to run. */
export interface TaskMessage {
  /** Of the module, as a URL. */
  readonly module: string;
  readonly data: unknown;
  /** Main posts "cancel" here; the thread posts its {@link TaskOutcome}, and closes it. */
  readonly port: MessagePort;
}
