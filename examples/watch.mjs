// Sends ten searches a second and prints each change of a node, until Ctrl-C. Kill one and bring it back.
// Prints, for instance (the first line at the start, the last at the end):
//   node n1 (127.0.0.1:9201): absent -> healthy
//   list: 3 nodes, from the cluster itself
//   node n2 (127.0.0.1:9202): healthy -> ejected (connection refused)
//   node n2 (127.0.0.1:9202): ejected -> down (connection refused)
//   64 searches, 0 failed
import { setInterval as everyMs } from "node:timers/promises";
import { createPool } from "rollcall";

const pool = createPool({ nodes: process.argv.slice(2), logger: false });

pool.on("node", ({ address, name, from, to, reason }) => {
  const node = name === undefined ? address : `${name} (${address})`;
  console.log(`node ${node}: ${from} -> ${to}${reason === undefined ? "" : ` (${reason})`}`);
});
pool.on("view", ({ nodes, source }) => {
  console.log(`list: ${nodes.length} nodes, from ${source === "sniff" ? "the cluster itself" : "the configuration"}`);
});
pool.on("degraded", ({ degraded, reason }) => console.log(`${degraded ? "degraded" : "recovered"}: ${reason}`));

const stop = new AbortController();
process.once("SIGINT", () => stop.abort());

let sent = 0;
let failed = 0;
try {
  for await (const _ of everyMs(100, undefined, { signal: stop.signal })) {
    sent++;
    pool.request({ method: "POST", path: "/_search", body: { size: 1 } }).catch(({ code }) => {
      failed++;
      console.log(`failed: ${code}`);
    });
  }
} catch {
  // Ctrl-C ends the loop this way.
}
await pool.close();
console.log(`${sent} searches, ${failed} failed`);
