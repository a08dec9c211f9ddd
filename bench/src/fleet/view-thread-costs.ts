import { systemTimers } from "@rollcall/coordinator";
import { fixed, type PoolConfig } from "@rollcall/core/config";
import { pick } from "@rollcall/core/selection";
import { AnswerFlow } from "../../../packages/worker/dist/dispatch/answer-flow.js";
import { Dispatch } from "../../../packages/worker/dist/dispatch/dispatch.js";
import { TableReader } from "../../../packages/worker/dist/table/reader.js";
import { TableWriter } from "../../../packages/worker/dist/table/writer.js";
import { type CostList, heapBytesOf, medianMs } from "./cost-list.js";
import type { MainResult } from "./view-main-costs.js";

/** Measures what a view costs a thread that takes over its nodes and picks one for each request. */
export function measureThread(
  { words, targets }: MainResult,
  config: PoolConfig,
  layout: { readonly slots: number; readonly threads: number },
  list: CostList,
): void {
  list.milliseconds("thread: read the list", medianMs(() => structuredClone(targets)) / 2);
  const open = () => {
    const reader = new TableReader({ words, layout, thread: 0, inFlightMax: 64, nowMs: () => systemTimers.nowMs() });
    const dispatch = new Dispatch({
      reader,
      settings: {
        ...config.connections,
        connectTimeoutMs: fixed.connectTimeoutMs,
        maxResponseBytes: config.maxResponseBytes,
        unpacksAnswers: false,
        packsAboveBytes: undefined,
      },
      answers: new AnswerFlow(config.maxBufferedResponseBytes),
      queueMax: config.queue.perThread,
      noNodeWaitMs: fixed.noNodeWaitMs,
      drainMs: fixed.drainMs,
      observer: { failed() {}, credentialRefused() {}, released() {}, probeWanted() {} },
      timers: systemTimers,
      random: Math.random,
      ranMs: (nowMs) => nowMs,
      wallNowMs: Date.now,
      hedgeDelay() {},
    });
    return { reader, dispatch };
  };
  list.milliseconds(
    "thread: take over a first list",
    medianMs(() => open().dispatch.apply(targets)),
  );
  const { reader, dispatch } = open();
  dispatch.apply(targets);
  list.milliseconds(
    "thread: take over the same list again",
    medianMs(() => dispatch.apply(targets)),
  );

  const writer = new TableWriter(words);
  const choose = () => {
    reader.refresh();
    return pick(reader, [], systemTimers.nowMs(), Math.random);
  };
  const afterChange = medianMs(() => {
    writer.setState(0, { tier: "node", mark: "down", ejected: false }, undefined);
    choose();
  });
  list.microseconds("thread: the first pick after a change of the table", afterChange);
  list.microseconds("thread: each pick after that", medianMs(choose, 1_000));
  list.kilobytes("shared memory, for as many nodes as a pool may have, and 2 threads", words.byteLength);
  list.heap(
    "memory of each thread for its nodes",
    heapBytesOf(
      () => open().dispatch,
      (one) => one.apply(structuredClone([...targets])),
    ),
  );
}
