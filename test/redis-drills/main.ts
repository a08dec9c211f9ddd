import { canary } from "@rollcall/testing";
import { startClusterServers } from "./cluster-servers.js";
import { type Drill, type DrillRedis, runDrill } from "./drill.js";
import { clusterDrills, sentinelDrills, splitBrainDrills } from "./failover-drills.js";
import { startFleet } from "./fleet.js";
import { startSentinelServers } from "./sentinel-servers.js";
import { startSingleServer } from "./single-server.js";
import { singleServerDrills } from "./single-server-drills.js";

/** `npm run drills`: all drills, one after the other. With words: those whose name has one of them; `--secret`: sealed. */
const given = process.argv.slice(2);
const words = given.filter((word) => word !== "--secret");
const secret = given.includes("--secret") ? canary("the secret of the view") : undefined;
let failed = 0;

async function runAll<Servers extends DrillRedis>(
  drills: readonly Drill<Servers>[],
  start: () => Promise<Servers>,
): Promise<void> {
  const wanted = drills.filter(({ name }) => words.length === 0 || words.some((word) => name.includes(word)));
  if (wanted.length === 0) return;
  await using servers = await start();
  await using fleet = await startFleet(servers, secret);
  for (const drill of wanted) {
    const beganMs = Date.now();
    const { findings, lines } = await runDrill(drill, servers, fleet);
    const tookS = Math.round((Date.now() - beganMs) / 1_000);
    console.log(`${findings.length === 0 ? "well" : "BAD "} ${tookS} s: while ${drill.name}`);
    for (const finding of findings) console.log(`     ${finding}`);
    if (findings.length === 0) continue;
    failed++;
    for (const line of lines) console.log(`       ${line}`);
  }
}

await runAll(singleServerDrills, startSingleServer);
await runAll(sentinelDrills, () => startSentinelServers({ obeys: true }));
await runAll(splitBrainDrills, () => startSentinelServers({ obeys: false }));
await runAll(clusterDrills, startClusterServers);
console.log(failed === 0 ? "every drill was well" : `${failed} drills went badly`);
process.exitCode = failed === 0 ? 0 : 1;
