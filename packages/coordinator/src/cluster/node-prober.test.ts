import assert from "node:assert/strict";
import { it } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { fixed, parseClusterConfig } from "@rollcall/core/config";
import { collectingLogger, ManualTimers, settled } from "@rollcall/testing";
import { ClusterAccess } from "./access.js";
import type { ControlClient, ControlResponse } from "./control-client.js";
import { NodeProber } from "./node-prober.js";

const unreachable: ControlResponse = { kind: "failed", code: "ECONNREFUSED", reason: "connection refused" };

/** A prober whose requests the test answers, in order. */
function proberWith() {
  const timers = new ManualTimers();
  const config = parseClusterConfig({ nodes: ["http://127.0.0.1:9200"] });
  const access = new ClusterAccess(config, timers, collectingLogger());
  const sent: { readonly timeoutMs: number; readonly answer: (response: ControlResponse) => void }[] = [];
  const controlClient: ControlClient = {
    request: (_, { timeoutMs }) => new Promise((answer) => sent.push({ timeoutMs, answer })),
    keepOnly: () => {},
    close: async () => {},
  };
  const prober = new NodeProber({ access, controlClient, timers });
  const probe = (port: number) => prober.probe({ id: "", host: "127.0.0.1", port }, true, () => undefined);
  return { timers, sent, prober, probe };
}

it("32 first probes run at once, the next follow in order, and none is sent after close", async () => {
  const { sent, prober, probe } = proberWith();
  const probes = Array.from({ length: 40 }, (_, place) => probe(9_200 + place));
  await settled();
  assert.equal(sent.length, 32);
  sent[0]?.answer(unreachable);
  await settled();
  assert.equal(sent.length, 33);
  prober.close();
  for (const { answer } of sent) answer(unreachable);
  const results = await Promise.all(probes);
  assert.deepEqual([sent.length, results.filter((result) => !result.sent).length], [33, 7]);
});

it("of many first probes no more than 4 start in one turn of the event loop", async () => {
  const { sent, prober, probe } = proberWith();
  const probes = Array.from({ length: 40 }, (_, place) => probe(9_200 + place));
  const started = [sent.length];
  for (let turn = 0; turn < 20; turn++) {
    const before = sent.length;
    await nextTurn();
    started.push(sent.length - before);
  }
  assert.deepEqual([Math.max(...started), sent.length], [4, 32]);
  prober.close();
  for (const { answer } of sent) answer(unreachable);
  await Promise.all(probes);
});

it("a node that has answered before is probed at once, also while thousands that never did wait for theirs", async () => {
  const { sent, prober, probe } = proberWith();
  const first = probe(9_200);
  sent[0]?.answer({ kind: "answered", status: 503, body: Buffer.from("") });
  await first;
  const strangers = Array.from({ length: 4_000 }, (_, place) => probe(10_000 + place));
  await settled();
  const before = sent.length;
  const again = probe(9_200);
  await settled();
  assert.equal(sent.length, before + 1);
  sent.at(-1)?.answer(unreachable);
  assert.equal((await again).probe.outcome, "unreachable");
  prober.close();
  for (const { answer } of sent) answer(unreachable);
  await Promise.all(strangers);
});

it("a node gets the longest time before its first answer, then three times what it took, within bounds", async () => {
  const { timers, sent, prober, probe } = proberWith();
  const { probeTimeoutMs, probeTimeoutMaxMs } = fixed;
  const answerAfter = async (ms: number, response: ControlResponse) => {
    const probing = probe(9_200);
    timers.advance(ms);
    sent.at(-1)?.answer(response);
    await probing;
  };
  const refused: ControlResponse = { kind: "answered", status: 503, body: Buffer.from("") };
  for (const tookMs of [10, 500, probeTimeoutMaxMs]) await answerAfter(tookMs, refused);
  await answerAfter(1, unreachable);
  await answerAfter(1, refused);
  const timeouts = [probeTimeoutMaxMs, probeTimeoutMs, 1_500, probeTimeoutMaxMs, probeTimeoutMaxMs];
  assert.deepEqual(
    sent.map(({ timeoutMs }) => timeoutMs),
    timeouts,
  );
  prober.keepOnly(new Set());
  assert.equal(prober.timeoutMs({ id: "", host: "127.0.0.1", port: 9_200 }), probeTimeoutMaxMs);
});
