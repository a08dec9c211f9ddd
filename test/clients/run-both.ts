import type { Pool } from "@rollcall/worker";
import { createPool } from "rollcall";
import type { Call } from "./call.js";
import type { AnyClient, TestedClient } from "./clients.js";
import { startRecordingNode } from "./recording-node.js";
import { type CallRecord, runCalls } from "./run-calls.js";

/** The calls by the client as it is published, to one node. */
export async function runAlone(tested: TestedClient, upstream: string, calls: readonly Call[]): Promise<CallRecord[]> {
  await using node = await startRecordingNode(upstream);
  const { Client } = tested.load();
  return await runCalls(tested, new Client({ node: node.url }), node, calls);
}

/** The calls by the same client on a pool of this node alone. `onPool`: how it is put there; mutants do it otherwise. */
export async function runOnPool(
  tested: TestedClient,
  upstream: string,
  calls: readonly Call[],
  threads: number,
  onPool: (pool: Pool) => AnyClient = (pool) => new (tested.load().Client)(tested.onPool(pool)),
): Promise<CallRecord[]> {
  await using node = await startRecordingNode(upstream);
  // Without discovery: the node's own list names the one behind it.
  await using pool = createPool({ nodes: [node.url], discovery: false, threads, logger: false });
  await pool.ready();
  const records = await runCalls(tested, onPool(pool), node, calls);
  await pool.close({ timeoutMs: 1_000 });
  return records;
}
