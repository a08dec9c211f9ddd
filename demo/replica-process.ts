import { createPool } from "@rollcall/worker";
import type { FromReplica, ReplicaReport, ReplicaSettings, ToReplica } from "./replica-messages.js";
import { searchOfWords } from "./searches.js";
import { Tally } from "./tally.js";
import { sendSearches } from "./traffic.js";

/** One replica of an application: a pool in a process of its own, that searches when told to and tells how it stands. */

const reportEveryMs = 100;
const closeTimeoutMs = 2_000;

const { pool: options, rate } = JSON.parse(process.argv[2] ?? "{}") as ReplicaSettings;
const tally = new Tally();
const over = new AbortController();
const cutShort = new AbortController();
let beganMs = performance.now();
const elapsedMs = () => performance.now() - beganMs;

// A terminal's Ctrl-C comes to every process of the demo, the nodes too: from then on a search may fail, and whoever
// started us says when to end. Without them there is nothing left to do.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => cutShort.abort());
let closing = false;
process.on("disconnect", () => {
  if (!closing) process.exit(1);
});

const pool = createPool({ ...options, logger: false });
pool.on("node", (event) => {
  if (event.to === "down" || event.to === "ejected") tally.forgetPace(event.address);
  tell({ type: "node", event });
  tell({ type: "report", report: report() });
});
pool.on("degraded", ({ reason }) => tell({ type: "degraded", reason }));
const reporting = setInterval(() => tell({ type: "report", report: report() }), reportEveryMs);
let searching: Promise<void> | undefined;

process.on("message", (message: ToReplica) => void obey(message));

async function obey(message: ToReplica): Promise<void> {
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
      tell({ type: "report", report: report() });
      tell({ type: "ended" });
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
    ...(view === undefined ? {} : { view: { version: view.version, freshness: view.freshness, ageMs: view.ageMs } }),
    threads,
  };
}

function tell(message: FromReplica): void {
  if (process.connected) process.send?.(message);
}
