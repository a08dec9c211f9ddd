import { setImmediate as nextTurn } from "node:timers/promises";
import { present, runInTurns } from "@rollcall/core";
import type { ClusterConfig } from "@rollcall/core/config";
import { type ListMemory, type ParsedSniff, parseNodes, type SniffContext } from "@rollcall/core/sniff";
import { type ControlClient, hasAnswered, isVoid } from "./control-client.js";
import type { Endpoint } from "./endpoint.js";
import { type Probe, probe } from "./probe.js";

/** One node's list of the nodes of its cluster. */
export interface Sniff {
  /** The probe that comes first: only a node of our cluster is asked for its list. */
  readonly probe: Probe;
  /** Absent if the list was not requested, because the node is not of our cluster or does not answer. */
  readonly parsed?: ParsedSniff;
}

export interface SniffOptions {
  readonly pinnedUuid: string | undefined;
  readonly probeTimeoutMs: number;
  readonly sniffTimeoutMs: number;
  readonly context: SniffContext;
  /** Of the sniffs before; absent: each list is read anew. */
  readonly memory?: ListMemory<ParsedSniff>;
}

/** Only the fields that are read: on a large cluster the whole answer is ten times larger. */
const wanted = [
  "_nodes",
  "cluster_name",
  "nodes.*.name",
  "nodes.*.version",
  "nodes.*.roles",
  "nodes.*.attributes",
  "nodes.*.http",
];
export const sniffPath = `/_nodes/http?filter_path=${wanted.join(",")}`;
const maxBytes = 16_777_216;
const manyNodes = 512;

/** How the list of a node at `endpoint` is read. */
export function sniffContext({ discovery, seeds }: ClusterConfig, endpoint: Endpoint): SniffContext {
  const { addressMap, allow } = discovery === false ? {} : discovery;
  return {
    seed: endpoint,
    ...present({ addressMap }),
    allowDirect: allow !== undefined || seeds.every(({ pathPrefix }) => pathPrefix === ""),
  };
}

/** Probes one node, then requests its list of nodes. Always resolves. */
export async function sniff(controlClient: ControlClient, endpoint: Endpoint, options: SniffOptions): Promise<Sniff> {
  const { pinnedUuid, probeTimeoutMs, sniffTimeoutMs, context, memory } = options;
  const first = await probe(controlClient, endpoint, { pinnedUuid, timeoutMs: probeTimeoutMs, fresh: false });
  if (first.outcome !== "verified") return { probe: first };

  const answer = await controlClient.request(endpoint, {
    path: sniffPath,
    timeoutMs: sniffTimeoutMs,
    maxBytes,
    fresh: false,
  });
  if (answer.kind === "failed" && hasAnswered(answer))
    return { probe: first, parsed: { ok: false, kind: "malformed", reason: answer.reason } };
  if (answer.kind === "failed") {
    const outcome = isVoid(answer) ? "void" : "unreachable";
    return { probe: { outcome, reason: `${answer.reason} to GET /_nodes/http`, code: answer.code } };
  }
  const parsed = await runInTurns(parseNodes(answer, context, memory), nextTurn);
  // What its reader makes of a long list has a turn of its own.
  if (parsed.ok && parsed.nodes.length > manyNodes) await nextTurn();
  return { probe: first, parsed };
}
