import assert from "node:assert/strict";
import { hostname } from "node:os";
import { describe, it } from "node:test";
import { silentLogger } from "@rollcall/core";
import { parseClusterConfig, type RequestToSign, type SignHook } from "@rollcall/core/config";
import type { Heartbeat } from "@rollcall/core/view";
import { waitUntil } from "@rollcall/testing";
import { CoordinatorProcess } from "./coordinator-process.js";
import { json, nodesHttp, root, standIn } from "./stand-in.test.support.js";
import { createMemoryStore } from "./store/memory-store.js";
import type { ViewStore } from "./store/view-store.js";
import { systemTimers } from "./system-timers.js";

const uuid = "qEyW4gYVQ6-hx1mTxLZ3Cw";

function coordinate(url: string, store: ViewStore, sign?: SignHook): CoordinatorProcess {
  const config = parseClusterConfig({ nodes: [url], sign });
  return new CoordinatorProcess({
    config,
    store,
    timers: systemTimers,
    random: Math.random,
    logger: silentLogger,
    replica: "r1",
  });
}

describe("coordinator process", () => {
  it("it leads, publishes the cluster's own list, and answers a status request with a heartbeat", async () => {
    const node = await standIn((request, response) => {
      const answer = request.url === "/" ? root("n1", uuid) : nodesHttp({ id1: { name: "n1", address: node.address } });
      json(answer)(request, response);
    });
    const store = createMemoryStore(systemTimers);
    const heartbeats: Heartbeat[] = [];
    store.onHeartbeat((heartbeat) => heartbeats.push(heartbeat));
    let source: string | undefined;
    store.subscribe(({ topology }) => {
      source = topology.source;
    });
    const coordinator = coordinate(node.url, store);
    try {
      await waitUntil("it leads and the list is published", () => coordinator.isLeading && source === "sniff");
      assert.equal(coordinator.problem, undefined);
      heartbeats.length = 0;
      store.requestStatus();
      await waitUntil("a heartbeat comes", () => heartbeats.length > 0);
      const [heartbeat] = heartbeats;
      assert.ok(heartbeat !== undefined);
      const { replica, view, ...rest } = heartbeat;
      assert.deepEqual(rest, {
        host: hostname(),
        pid: process.pid,
        role: "coordinator",
        leading: true,
        freshness: "fresh",
        ejected: [],
        threads: [],
      });
      const head = (await store.read())?.head;
      assert.deepEqual([view?.topology, view?.topology.leader], [head?.topology, replica]);
    } finally {
      await coordinator.close();
      await node.down();
    }
  });

  it("it signs its probes and sniffs, and a module that cannot be used leaves what signed before in use", async () => {
    const node = await standIn((request, response) => {
      const answer = request.url === "/" ? root("n1", uuid) : nodesHttp({ id1: { name: "n1", address: node.address } });
      json(answer)(request, response);
    });
    const store = createMemoryStore(systemTimers);
    const sign =
      (name: string) =>
      ({ path }: RequestToSign) => ({ authorization: `${name} ${path}` });
    const coordinator = coordinate(node.url, store, sign("first"));
    const optionsWith = (hook: SignHook | string) => ({ nodes: [node.url], redis: "redis://r", name: "n", sign: hook });
    try {
      await waitUntil("it has read the list", () => node.asked.some((path) => path.startsWith("/_nodes/http")));
      assert.deepEqual(
        node.credentials,
        node.asked.map((path) => `first ${path}`),
      );
      await assert.rejects(coordinator.reconfigure(optionsWith("/nowhere/sign.js")), {
        code: "CONFIG",
        message: "`sign`, /nowhere/sign.js, cannot be loaded: there is no such file",
      });
      await coordinator.reconfigure(optionsWith(sign("second")));
      const isSecond = (credential: string | undefined) => credential?.startsWith("second /") === true;
      await waitUntil("it signs by the other", () => node.credentials.some(isSecond));
    } finally {
      await coordinator.close();
      await node.down();
    }
  });

  it("closing it gives the lease back, then closes the store, and a second close does nothing more", async () => {
    const memory = createMemoryStore(systemTimers);
    const happened: string[] = [];
    const store: ViewStore = {
      ...memory,
      release: async (lease) => {
        happened.push("released");
        return memory.release(lease);
      },
      close: async () => {
        happened.push("closed");
      },
    };
    const coordinator = coordinate("http://127.0.0.1:1", store);
    await waitUntil("it leads", () => coordinator.isLeading);
    await Promise.all([coordinator.close(), coordinator.close()]);
    assert.deepEqual(happened, ["released", "closed"]);
    assert.ok((await memory.acquire("next", 0)) !== undefined, "another may lead at once");
  });

  it("its problem is Redis, before all others, while Redis does not answer", async () => {
    const store = { ...createMemoryStore(systemTimers), isConnected: false };
    const coordinator = coordinate("http://127.0.0.1:1", store);
    assert.equal(coordinator.problem, "Redis does not answer");
    await coordinator.close();
  });
});
