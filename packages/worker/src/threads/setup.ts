import type { MessagePort } from "node:worker_threads";
import type { CallDefaults } from "../api/prepare-call.js";
import type { ConnectionSettings } from "../dispatch/node-pool.js";
import type { TableLayout } from "../table/layout.js";

/** What every thread is given at its start, as plain data. Nothing in it is secret. */
export interface ThreadSetup {
  readonly words: Int32Array;
  readonly layout: TableLayout;
  readonly settings: ConnectionSettings;
  readonly queueMax: number;
  readonly noNodeWaitMs: number;
  readonly drainMs: number;
  /** Of requests that tasks make. */
  readonly defaults: CallDefaults;
}

/** How a thread introduces itself to main. */
export interface Introduction {
  readonly kind: "rollcall-thread";
  readonly threadId: number;
  readonly port: MessagePort;
  readonly viewPort: MessagePort;
}

/** What a thread is asked to run. */
export interface TaskOrder {
  /** Of the module, as a URL. */
  readonly module: string;
  readonly data: unknown;
  /** Main says "cancel" here; the thread posts its {@link TaskOutcome}. */
  readonly port: MessagePort;
}
