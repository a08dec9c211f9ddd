import { type ConnectionStep, examineConnection, examineName } from "@rollcall/coordinator";
import { Semaphore, type Timers } from "@rollcall/core";
import { fixed } from "@rollcall/core/config";
import { partsOfAddress } from "@rollcall/core/view";
import type { NodeFinding } from "../findings.js";
import { unlessStopped } from "../unless-stopped.js";
import type { RefusedNode } from "./observations.js";

export interface RefusedParts {
  readonly timers: Timers;
  readonly wallNowMs: () => number;
  readonly stop: AbortSignal;
}

const nodesMax = 32;
const atOnce = 16;
const lookupMs = 3_000;

/**
 * Whether the addresses of nodes that the host policy refuses accept a connection: if not, to allow them would be of no
 * use. Nothing is sent there: no request, no credential, no handshake. Never rejects.
 */
export async function observeRefused(
  nodes: readonly NodeFinding[],
  parts: RefusedParts,
): Promise<readonly RefusedNode[]> {
  const limit = new Semaphore(atOnce);
  const refused = nodes.filter(({ verdict }) => verdict === "refused").slice(0, nodesMax);
  const tried = await Promise.all(
    refused.map(({ id, address = "" }) =>
      limit.run(async () => {
        const tcp = await unlessStopped(connectTo(address, parts), parts.stop);
        return tcp === undefined ? [] : [{ id, tcp }];
      }),
    ),
  );
  return tried.flat();
}

async function connectTo(place: string, parts: RefusedParts): Promise<ConnectionStep> {
  const { host, port } = partsOfAddress(place);
  const name = await examineName(host, lookupMs, parts.timers);
  if (name.kind === "failed") return { ok: false, tookMs: name.tookMs, code: name.code };
  const [address = ""] = name.addresses;
  return (await examineConnection({ address, port }, { ...parts, timeoutMs: fixed.connectTimeoutMs })).tcp;
}
