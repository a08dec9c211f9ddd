import type { ClusterConfig } from "@rollcall/core/config";
import { type ParsedSniff, parseNodes, type SniffContext } from "@rollcall/core/sniff";
import { type ControlClient, tooLarge } from "./control-client.js";
import type { Endpoint } from "./endpoint.js";
import { type Probe, probe } from "./probe.js";

/** What one node said of its cluster's members. */
export interface Sniff {
  /** What the node said of itself, first: a list from whoever is not of our cluster is not believed. */
  readonly probe: Probe;
  /** Absent where the list was not asked for, because the node is not of our cluster or does not answer. */
  readonly parsed?: ParsedSniff;
}

export interface SniffOptions {
  readonly pinnedUuid: string | undefined;
  readonly probeTimeoutMs: number;
  readonly sniffTimeoutMs: number;
  readonly context: SniffContext;
}

/** Only what we read: on a large cluster the whole answer is ten times larger. */
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

/** How the answer of a node at `endpoint` is to be read. */
export function sniffContext({ discovery, seeds }: ClusterConfig, endpoint: Endpoint): SniffContext {
  const { addressMap, allow } = discovery === false ? {} : discovery;
  return {
    seed: endpoint,
    ...(addressMap === undefined ? {} : { addressMap }),
    allowDirect: allow !== undefined || seeds.every(({ pathPrefix }) => pathPrefix === ""),
  };
}

/** Asks one node for the members of its cluster. Always answers, never throws. */
export async function sniff(controlClient: ControlClient, endpoint: Endpoint, options: SniffOptions): Promise<Sniff> {
  const { pinnedUuid, probeTimeoutMs, sniffTimeoutMs, context } = options;
  const first = await probe(controlClient, endpoint, { pinnedUuid, timeoutMs: probeTimeoutMs, fresh: false });
  if (first.outcome !== "verified") return { probe: first };

  const answer = await controlClient.request(endpoint, {
    path: sniffPath,
    timeoutMs: sniffTimeoutMs,
    maxBytes,
    fresh: false,
  });
  if (answer.kind === "failed" && answer.code === tooLarge)
    return { probe: first, parsed: { ok: false, kind: "malformed", reason: answer.reason } };
  if (answer.kind === "failed")
    return { probe: { outcome: "unreachable", reason: `${answer.reason} to GET /_nodes/http`, code: answer.code } };
  return { probe: first, parsed: parseNodes(answer, context) };
}
