import type { Signer } from "@rollcall/coordinator/cluster";
import type { Listeners, Logger, Random, Timers } from "@rollcall/core";
import { fixed, type PoolConfig } from "@rollcall/core/config";
import type { NodeTable } from "../cluster-state/node-table.js";
import { AnswerFlow } from "../dispatch/answer-flow.js";
import { Dispatch } from "../dispatch/dispatch.js";
import type { ConnectionSettings } from "../dispatch/node-pool.js";
import type { DispatchObserver, Sender } from "../dispatch/sender.js";
import { Lanes } from "../lane/client.js";
import { LoopLagMonitor } from "../table/loop-lag-monitor.js";
import { TableReader } from "../table/reader.js";
import { requestDefaults } from "./prepare-request.js";
import { Threading } from "./threading.js";

export interface SenderParts {
  readonly config: PoolConfig;
  readonly table: NodeTable;
  /** Of the calling thread. */
  readonly signer: Signer | undefined;
  readonly observer: DispatchObserver;
  /** A request of a task has a credential of its own. */
  readonly credentialGiven: () => void;
  /** How long a hedge waits, as the thread that last reported it has measured. */
  readonly hedgeDelays: Map<string, number>;
  /** Called when a thread that sends is up. */
  readonly progress: Listeners<void>;
  readonly timers: Timers;
  readonly random: Random;
  readonly wallNowMs: () => number;
  readonly logger: Logger;
  /** Which nodes have opened which searches; undefined where all nodes have one user. */
  readonly bindings: Int32Array | undefined;
}

/** What sends a pool's requests. */
export interface OpenedSender {
  readonly sender: Sender;
  /** To be called every `beatMs`: shows how late this thread's own loop is, and its retry budget, if it sends. */
  readonly beat: () => void;
  /** Absent with `threads: 0`. */
  readonly threading?: Threading;
}

/** A dispatch in this thread, or lanes to dispatches in others. */
export function openSender(parts: SenderParts): OpenedSender {
  return parts.config.threads === 0 ? openDispatch(parts) : openLanes(parts);
}

const { noNodeWaitMs, drainMs, connectTimeoutMs } = fixed;

function openDispatch(parts: SenderParts): OpenedSender {
  const { config, table, signer, observer, hedgeDelays, timers, random, wallNowMs } = parts;
  const nowMs = () => timers.nowMs();
  const { words, layout } = table;
  const inFlightMax = config.connections.perNode;
  const reader = new TableReader({ words, layout, thread: 0, inFlightMax, nowMs });
  const loopLag = new LoopLagMonitor(reader, nowMs);
  const sender = new Dispatch({
    ...{ reader, noNodeWaitMs, drainMs, observer, timers, random, wallNowMs },
    ranMs: (atMs) => loopLag.ranMs(atMs),
    settings: settingsOf(config),
    signer,
    answers: new AnswerFlow(config.maxBufferedResponseBytes),
    queueMax: config.queue.perThread,
    adaptiveTimeoutMs: adaptiveTimeoutOf(config),
    hedgeExtraWork: config.hedge === false ? undefined : config.hedge.extraWork,
    hedgeDelay: (template, delayMs) => hedgeDelays.set(template, delayMs),
  });
  const beat = () => {
    loopLag.beat();
    sender.beat();
  };
  return { sender, beat };
}

function openLanes(parts: SenderParts): OpenedSender {
  const { config, table, observer, credentialGiven, hedgeDelays, progress, timers, logger, bindings } = parts;
  const { words, layout, writer, totals } = table;
  const queueMax = config.queue.perThread;
  const lanes = new Lanes({
    ...{ words, layout, writer, totals, queueMax, observer, credentialGiven, timers, logger },
    perNode: config.connections.perNode,
    hedgeDelay: (template, delayMs) => hedgeDelays.set(template, delayMs),
  });
  const threading = new Threading({
    ...{ lanes, progress, logger, timers, threads: config.threads, entry: config.threadEntry },
    openFallback: config.threadsGiven ? undefined : () => openDispatch(parts),
    setup: {
      ...{ words, layout, queueMax, noNodeWaitMs, drainMs, bindings },
      settings: settingsOf(config),
      adaptiveTimeoutMs: adaptiveTimeoutOf(config),
      bufferedMaxBytes: Math.floor(config.maxBufferedResponseBytes / config.threads),
      defaults: requestDefaults(config),
    },
  });
  threading.start();
  return { sender: threading.sender, beat: () => threading.beat(), threading };
}

function adaptiveTimeoutOf({ queue, timeoutMs }: PoolConfig): number | undefined {
  return queue.adaptive ? timeoutMs : undefined;
}

function settingsOf({ connections, maxResponseBytes, compression, headers }: PoolConfig): ConnectionSettings {
  const { requests, responses, aboveBytes } = compression;
  return {
    ...{ ...connections, connectTimeoutMs, maxResponseBytes },
    // A pool that is given the header is asked to pass answers on as they come.
    unpacksAnswers: responses && headers["accept-encoding"] === undefined,
    packsAboveBytes: requests ? aboveBytes : undefined,
  };
}
