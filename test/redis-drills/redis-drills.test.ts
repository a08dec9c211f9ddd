import assert from "node:assert/strict";
import { it } from "node:test";
import { runDrill } from "./drill.js";
import { startFleet } from "./fleet.js";
import { startSingleServer } from "./single-server.js";
import { singleServerDrills } from "./single-server-drills.js";

/** What tells most in little time, and in how much. `npm run drills` runs all, each as long as it takes. */
const told = ["(FLUSHALL)", "closed once (CLIENT KILL)", "every third reply arrives twice"];
const forMsMost = 4_000;

it("no fault of Redis costs a request or takes a view back, each is logged once, and a fresh view is there soon after", {
  timeout: 300_000,
}, async (t) => {
  await using servers = await startSingleServer();
  await using fleet = await startFleet(servers);
  for (const one of singleServerDrills.filter(({ name }) => told.some((text) => name.includes(text)))) {
    const drill = { ...one, forMs: Math.min(one.forMs, forMsMost) };
    await t.test(`while ${drill.name}`, async () => {
      const { findings, lines } = await runDrill(drill, servers, fleet);
      assert.deepEqual(findings, [], lines.join("\n"));
    });
  }
});
