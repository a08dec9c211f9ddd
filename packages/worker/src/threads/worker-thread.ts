import { MessageChannel, type MessagePort } from "node:worker_threads";
import type { NewThread } from "../lane/lane.js";
import type { ThreadSetup } from "./setup.js";
import { describeExit, describeThreadEnd } from "./start-failure.js";
import { startWorker } from "./start-worker.js";
import type { TaskThread } from "./thread-tasks.js";

export interface WorkerThreadOptions {
  readonly setup: ThreadSetup;
  /** The module that it runs, if not the package's own. */
  readonly entry: string | undefined;
  /** It is up. Called at most once. */
  readonly up: () => void;
  /** An error that nothing has caught ends it. */
  readonly failed: (reason: string) => void;
  /** Called once; not after `end`. */
  readonly ended: (reason: string) => void;
}

/** One worker thread, from its start to its end. It never keeps the process alive by itself. */
export class WorkerThread implements TaskThread {
  private readonly lane: MessagePort;
  private readonly views: MessagePort;
  readonly control: MessagePort;
  /** How many tasks it has been given and not ended. */
  tasks = 0;
  private readonly worker: ReturnType<typeof startWorker>;
  private failure: string | undefined;
  private isEnded = false;

  /** @throws where Node starts no thread */
  constructor(options: WorkerThreadOptions) {
    const [lane, views, control] = [new MessageChannel(), new MessageChannel(), new MessageChannel()];
    this.lane = lane.port1;
    this.views = views.port1;
    this.control = control.port1;
    const ports = { lane: lane.port2, views: views.port2, control: control.port2 };
    try {
      this.worker = startWorker({ setup: options.setup, ports }, options.entry);
    } catch (error) {
      this.closePorts();
      throw error;
    }
    this.worker.unref();
    this.worker.on("error", (error: unknown) => {
      this.failure = describeThreadEnd(error);
      if (!this.isEnded) options.failed(this.failure);
    });
    this.worker.on("exit", (exitCode: number) => {
      if (this.isEnded) return;
      this.isEnded = true;
      options.ended(this.failure ?? describeExit(exitCode));
    });
    this.control.once("message", () => {
      if (!this.isEnded) options.up();
    });
    this.control.unref();
  }

  /** Ends it, whatever it does. Resolves once it has ended. */
  async end(): Promise<void> {
    this.isEnded = true;
    await this.worker.terminate();
    this.closePorts();
  }

  /** As lanes see it, once it is up. */
  get joining(): NewThread {
    return { port: this.lane, viewPort: this.views, tasks: () => this.tasks };
  }

  private closePorts(): void {
    for (const port of [this.lane, this.views, this.control]) port.close();
  }
}
