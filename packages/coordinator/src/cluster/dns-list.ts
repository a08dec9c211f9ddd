import { isIP } from "node:net";
import { errorCodeOf, failureReason, type Timers, withDeadline } from "@rollcall/core";
import { isSameHost, plainName } from "@rollcall/core/access";
import { fixed, type Seed } from "@rollcall/core/config";
import { sniffLimits } from "@rollcall/core/sniff";
import { addressOf, type NodeRecord } from "@rollcall/core/view";
import type { Lookup } from "./name-cache.js";

/** The nodes that the configured names lead to, as a list of a cluster would name them. */
export interface DnsList {
  /** One an address, of the first name that leads there. */
  readonly nodes: readonly NodeRecord[];
  /** The addresses of each name that was found. */
  readonly addresses: ReadonlyMap<string, readonly string[]>;
  /** Each name was looked up and has an address. */
  readonly complete: boolean;
  /** Why not, of the first that was not. */
  readonly problem?: string;
}

type Found = { readonly addresses: readonly string[] } | { readonly problem: string };

/** Looks all configured names up, at once. A configured address is itself. Always resolves. */
export async function listByDns(seeds: readonly Seed[], lookUp: Lookup, timers: Timers): Promise<DnsList> {
  const found = await Promise.all(seeds.map(({ host }) => addressesOf(host, lookUp, timers)));
  const nodes = new Map<string, NodeRecord>();
  const addresses = new Map<string, readonly string[]>();
  const problems: string[] = [];
  for (const [index, seed] of seeds.entries()) {
    const answer = found[index] ?? { addresses: [] };
    if ("problem" in answer) problems.push(answer.problem);
    else {
      addresses.set(plainName(seed.host), answer.addresses);
      for (const address of answer.addresses) addNode(nodes, seed, address);
    }
  }
  const [problem] = problems;
  const listed = [...nodes.values()].slice(0, sniffLimits.nodesMax);
  return { nodes: listed, addresses, complete: problem === undefined, ...(problem === undefined ? {} : { problem }) };
}

function addNode(nodes: Map<string, NodeRecord>, { host, port }: Seed, address: string): void {
  const place = addressOf({ host: address, port });
  if (nodes.has(place)) return;
  const isNumber = isSameHost(host, address);
  const id = isNumber ? address : `${plainName(host)}/${address}`;
  nodes.set(place, { id, host: address, port, ...(isNumber ? {} : { dnsName: plainName(host) }) });
}

function addressesOf(host: string, lookUp: Lookup, timers: Timers): Promise<Found> {
  if (isIP(host) !== 0) return Promise.resolve({ addresses: [host] });
  const failed = (reason: string): Found => ({ problem: `${plainName(host)}: ${reason}` });
  const looking = new Promise<Found>((resolve) => {
    lookUp(host, (error, addresses) => {
      if (error !== null) return resolve(failed(failureReason(errorCodeOf(error) ?? error.name)));
      const good = addresses.map(({ address }) => address).filter((address) => isIP(address) !== 0);
      resolve(good.length === 0 ? failed("it has no address") : { addresses: good });
    });
  });
  const { lookupTimeoutMs } = fixed;
  return withDeadline(looking, lookupTimeoutMs, timers, () => failed(`no answer within ${lookupTimeoutMs} ms`));
}
