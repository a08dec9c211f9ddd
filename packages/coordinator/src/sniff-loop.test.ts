import assert from "node:assert/strict";
import { it } from "node:test";
import { parseClusterConfig } from "@rollcall/core/config";
import { collectingLogger, ManualTimers, settled } from "@rollcall/testing";
import { ClusterAccess } from "./cluster/access.js";
import type { ControlClient } from "./cluster/control-client.js";
import { SniffLoop, type SniffOwner } from "./sniff-loop.js";

it("a sniff that fails unexpectedly is logged, and the next one follows in 1 to 2 s", async () => {
  const [timers, logger] = [new ManualTimers(), collectingLogger()];
  const config = parseClusterConfig({ nodes: ["http://127.0.0.1:9200"] });
  const access = new ClusterAccess(config, timers, logger);
  let sniffs = 0;
  const owner: SniffOwner = {
    nodesToSniff: () => {
      sniffs++;
      throw new Error("a defect");
    },
    pinnedUuid: undefined,
    probeTimeoutMs: () => 1_000,
    takeSniff: () => "same",
    takeLookup: () => "same",
    listUnserved: () => false,
    noNodeToAsk: () => {},
    isFound: false,
  };
  const unused: ControlClient = {
    request: () => Promise.reject(new Error("no request is sent")),
    keepOnly: () => {},
    close: async () => {},
  };
  const loop = new SniffLoop({ config, access, controlClient: unused, timers, random: () => 0, logger }, owner);
  loop.start(0);
  for (let second = 0; second < 3; second++) {
    await settled();
    timers.advance(1_000);
  }
  await settled();
  loop.close();
  timers.advance(60_000);
  assert.deepEqual([sniffs, logger.messages("error").length], [4, 4]);
});
