// Forked by observed.ts: as observed-client.ts, but of a pool that sends nothing, so that what is added shows exactly.
import { mockPool } from "rollcall/testing";
import { type ObservationName, observations, observe } from "./observations.js";

/** How many requests to make, one after another. */
export interface UnsentOrder {
  readonly requests: number;
}

/** The mock keeps each request: without a new one the heap would grow from round to round. */
async function makeRequests({ requests }: UnsentOrder): Promise<number> {
  const pool = mockPool().answer("POST /:index/_search", {});
  const stop = observe(pool, observations[process.argv[2] as ObservationName]);
  const search = { method: "POST", path: "/small/_search", body: { query: { match_all: {} } } };
  const before = process.cpuUsage();
  for (let made = 0; made < requests; made++) await pool.request(search);
  const { user, system } = process.cpuUsage(before);
  stop();
  await pool.close();
  return (user + system) / requests;
}

process.on("message", (order: UnsentOrder) => {
  void makeRequests(order).then((us) => process.send?.(us));
});
