import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "@rollcall/testing";
import { type FixtureNode, setAll } from "@rollcall/testing/fixture";
import type { FaultName } from "./allowed-errors.js";
import { type Rig, slowNode, wellNode } from "./rig.js";

/** A fault, from its begin to its end. */
type Fault = (rig: Rig, node: FixtureNode) => Promise<void>;

const stallMs = 300;
const stallEveryMs = 1_500;

/** Those of nodes and of load; one at a time. */
export const nodeFaults: Readonly<Partial<Record<FaultName, Fault>>> = {
  async "a frozen node"(_, node) {
    node.pause();
    await sleep(11_000);
    node.resume();
  },
  async "stalls of 300 ms"(_, node) {
    for (let stalls = 0; stalls < 8; stalls++) {
      node.pause();
      await sleep(stallMs);
      node.resume();
      await sleep(stallEveryMs);
    }
  },
  async "a node that answers 503"(_, node) {
    await node.set({ requests: [{ kind: "reply", status: 503, on: { kind: "other" } }] });
    await sleep(10_000);
    await node.set(wellNode);
  },
  async overload(rig) {
    await setAll(rig.cluster, slowNode);
    rig.surge(true);
    await sleep(5_000);
    rig.surge(false);
    // The queues empty at the nodes' pace.
    await sleep(4_000);
    await setAll(rig.cluster, wellNode);
  },
  async "a restart at the same port"(_, node) {
    await node.kill();
    await sleep(4_000);
    await node.restart();
  },
  async "a restart at another port"(_, node) {
    await node.kill();
    await sleep(1_000);
    await node.restart({ port: await freePort() });
  },
};

/** Those of what the view passes through; beside one of the others, or alone. */
export const viewFaults: Readonly<Partial<Record<FaultName, Fault>>> = {
  async "Redis killed"({ redis }) {
    await redis.kill();
    await sleep(3_000);
    await redis.restart();
  },
  async "Redis frozen"({ redis }) {
    redis.freeze();
    await sleep(8_000);
    redis.thaw();
  },
  async "the coordinator killed"(rig) {
    await rig.coordinator.process.kill();
    await sleep(8_000);
    await rig.restartCoordinator();
  },
};
