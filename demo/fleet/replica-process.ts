import { present } from "@rollcall/core";
import { createPool } from "@rollcall/worker";
import { searchOfWords } from "../cluster/searches.js";
import { sendSearches } from "../load/search-load.js";
import { Tally } from "../load/tally.js";
import type { FromReplica, ReplicaReport, ReplicaSettings, ToReplica } from "./replica-messages.js";

/** Forked by replica.ts: one replica of an application, with a pool whose searches it counts and reports. */

const reportEveryMs = 100;
const closeTimeoutMs = 2_000;

const { pool: options, rate } = JSON.parse(process.argv[2] ?? "{}") as ReplicaSettings;
const tally = new Tally();
const over = new AbortController();
const cutShort = new AbortController();
let beganMs = performance.now();
const elapsedMs = () => performance.now() - beganMs;

// Ctrl-C in a terminal reaches every process of the demo, the nodes included: from then on a search may fail. The
// parent process decides when this one ends; without a parent it ends at once.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => cutShort.abort());
let closing = false;
process.on("disconnect", () => {
  if (!closing) process.exit(1);
});

const pool = createPool({ ...options, logger: false });
pool.on("node", (event) => {
  if (event.to === "down" || event.to === "ejected") tally.forgetPace(event.address);
  send({ type: "node", event });
  send({ type: "report", report: report() });
});
pool.on("degraded", ({ reason }) => send({ type: "degraded", reason }));
const reporting = setInterval(() => send({ type: "report", report: report() }), reportEveryMs);
let searching: Promise<void> | undefined;

process.on("message", (message: ToReplica) => void receive(message));

async function receive(message: ToReplica): Promise<void> {
  switch (message.type) {
    case "begin": {
      beganMs = performance.now();
      const load = { ...rate, search: searchOfWords };
      searching = sendSearches(pool, load, { tally, elapsedMs, over: over.signal, cutShort: cutShort.signal });
      return;
    }
    case "end":
      if (message.cutShort) cutShort.abort();
      over.abort();
      if (!cutShort.signal.aborted) await searching;
      send({ type: "report", report: report() });
      send({ type: "ended" });
      return;
    case "close":
      closing = true;
      clearInterval(reporting);
      await pool.close({ timeoutMs: closeTimeoutMs });
      process.disconnect();
  }
}

function report(): ReplicaReport {
  const { view, threads } = pool.stats();
  const nowMs = elapsedMs();
  return {
    nodes: pool.nodes().map(({ address, name, state }) => ({
      address,
      name: name ?? address,
      state,
      answers: tally.answersOf(address),
      ...tally.paceOf(address, nowMs),
    })),
    totals: tally.totals(),
    ...present({ view: view && { version: view.version, freshness: view.freshness, ageMs: view.ageMs } }),
    threads,
  };
}

function send(message: FromReplica): void {
  if (process.connected) process.send?.(message);
}
