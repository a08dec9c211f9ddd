import assert from "node:assert/strict";
import { afterEach, it } from "node:test";
import type { Heartbeat } from "@rollcall/core/view";
import { closeAll, cluster, coordinating, fromSniff, heartbeatOf } from "./coordinating.test.support.js";

afterEach(closeAll);

const minuteMs = 60_000;

/** A leader of twelve nodes that all answer, and how often they are probed in a minute from now on. */
async function leading(given: Parameters<typeof coordinating>[1] = {}) {
  const nodes = await cluster(12);
  const scene = coordinating({ nodes: nodes.urls.slice(0, 1) }, given);
  await scene.when("the nodes are listed", fromSniff);
  const asked = () => nodes.nodes.flatMap((node) => node.asked).filter((path) => path === "/").length;
  const probesInAMinute = async () => {
    const before = asked();
    await scene.pass(minuteMs);
    return asked() - before;
  };
  return { ...scene, probesInAMinute };
}

/** Twelve nodes are probed so often, with two more for the lists of a minute; times vary by a fifth. */
const usual = (probes: number) => probes >= 60 && probes <= 88;
const idle = (probes: number) => probes >= 12 && probes <= 28;

it("a leader whose own pool is idle probes twelve nodes as seldom as three, and as often as ever from the next request on", async () => {
  const requests = { begun: 0, pending: 0 };
  const { pass, probesInAMinute } = await leading({ requests: () => ({ ...requests }) });
  await pass(minuteMs);
  const without = await probesInAMinute();
  assert.ok(idle(without), `${without}`);
  requests.begun++;
  await pass(3_000);
  const afterOne = await probesInAMinute();
  assert.ok(usual(afterOne), `${afterOne}`);
});

it("a request that has not ended keeps the usual pace", async () => {
  const { pass, probesInAMinute } = await leading({ requests: () => ({ begun: 1, pending: 1 }) });
  await pass(2 * minuteMs);
  const probes = await probesInAMinute();
  assert.ok(usual(probes), `${probes}`);
});

const nothing = { overMs: 10_000, requests: 0, failed: 0, queued: 0, nodes: [] };
const fleets: readonly (readonly [string, Partial<Heartbeat>, (probes: number) => boolean])[] = [
  ["that sends nothing makes a fleet idle", { load: nothing }, idle],
  ["that sends requests keeps the usual pace", { load: { ...nothing, requests: 1 } }, usual],
  ["that does not say what it sends keeps the usual pace", {}, usual],
  ["without a pool makes a fleet idle", { role: "coordinator" }, idle],
];

for (const [what, given, isExpected] of fleets) {
  it(`another process ${what}`, async () => {
    const { store, timers, pass, probesInAMinute } = await leading({ name: "logs" });
    const beat = () => {
      store.heartbeat(heartbeatOf("r1", given));
      timers.after(5_000, beat);
    };
    beat();
    await pass(75_000);
    const probes = await probesInAMinute();
    assert.ok(isExpected(probes), `${probes}`);
  });
}

it("a shared fleet from which no heartbeat comes keeps the usual pace", async () => {
  const { pass, probesInAMinute } = await leading({ name: "logs" });
  await pass(75_000);
  const probes = await probesInAMinute();
  assert.ok(usual(probes), `${probes}`);
});
