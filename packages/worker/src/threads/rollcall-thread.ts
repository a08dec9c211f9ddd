import { workerData } from "node:worker_threads";
import { Signer, systemTimers } from "@rollcall/coordinator/cluster";
import { RollcallError, withDeadline } from "@rollcall/core";
import { beatMs } from "@rollcall/core/health";
import { Deadlines } from "../api/deadlines.js";
import { Requests } from "../api/requests.js";
import { withBindings } from "../bindings/binding-sender.js";
import { AnswerFlow } from "../dispatch/answer-flow.js";
import { Dispatch } from "../dispatch/dispatch.js";
import type { Hello } from "../lane/messages.js";
import { type DispatchHooks, LaneServer } from "../lane/server.js";
import { LoopLagMonitor } from "../table/loop-lag-monitor.js";
import { TableReader } from "../table/reader.js";
import { runTask } from "./run-task.js";
import type { TaskMessage, ThreadData } from "./setup.js";

// What a worker thread runs. By its file's name it is found beside a bundle: see start-worker.ts.
const { setup, ports } = workerData as ThreadData;
const nowMs = () => systemTimers.nowMs();
// Before the first request, because the module takes time to load.
const { sign } = setup.defaults;
const signer = sign === undefined ? undefined : new Signer(sign, systemTimers);

let requests: Requests | undefined;
const server = new LaneServer({ port: ports.lane, viewPort: ports.views, open });
ports.control.on("message", (message: TaskMessage) => void run(message));
ports.control.postMessage("up");

function open({ row }: Hello, { observer, takeNewLists, hedgeDelay }: DispatchHooks) {
  const { words, layout, settings, bufferedMaxBytes, queueMax, noNodeWaitMs, drainMs, defaults, bindings } = setup;
  const { adaptiveTimeoutMs } = setup;
  const reader = new TableReader({ words, layout, thread: row, inFlightMax: settings.perNode, nowMs });
  const answers = new AnswerFlow(bufferedMaxBytes);
  const watch = new LoopLagMonitor(reader, nowMs);
  const sender = new Dispatch({
    reader,
    settings,
    answers,
    signer,
    queueMax,
    adaptiveTimeoutMs,
    noNodeWaitMs,
    drainMs,
    observer,
    timers: systemTimers,
    random: Math.random,
    ranMs: (atMs) => watch.ranMs(atMs),
    wallNowMs: Date.now,
    budgetShare: 1 / layout.threads,
    hedgeExtraWork: defaults.hedge === false ? undefined : defaults.hedge.extraWork,
    takeNewLists,
    hedgeDelay,
  });
  requests = new Requests({
    sender: withBindings(sender, bindings, nowMs),
    deadlines: new Deadlines(nowMs),
    defaults,
    nowMs,
    count: (what) => reader.countOwn(what),
    protect,
  });
  setInterval(() => {
    watch.beat();
    sender.beat();
    server.showQueue();
  }, beatMs).unref();
  return { sender, reader, answers };
}

/** How long a request with a credential of its own waits for a list of nodes that may be sent one. */
const protectMs = 5_000;

function protect(): Promise<void> | undefined {
  const isProtected = server.whenProtected();
  if (isProtected === undefined) return undefined;
  return withDeadline(isProtected, protectMs, systemTimers, () => {
    throw new RollcallError("NO_NODE", `no node that may be sent a credential was named within ${protectMs} ms`);
  });
}

/** How long a task waits at most for the requests of its thread to end before it may block them. */
const idleMs = 1_000;

/** Never rejects: the outcome is posted on the task's own port. */
async function run(message: TaskMessage): Promise<void> {
  await server.ready;
  await runTask(message, {
    beforehand: () => server.idle(idleMs),
    request: (request) => {
      if (requests === undefined) throw new Error("a task began before hello");
      return requests.request(request);
    },
  });
}
