import { parseHost } from "../address/host.js";
import { addressOf, type NodeRecord } from "../view/node-record.js";

/** A configured address at the time of a sniff. */
export interface KnownSeed {
  readonly host: string;
  readonly port: number;
  /** What the host resolves to; for a numeric seed, itself. */
  readonly addresses: readonly string[];
  /** The node name in its `GET /`; absent before its first answer. */
  readonly answeredAs?: string;
}

/**
 * Finds the sniffed nodes that are configured addresses under another spelling, and gives them the configured one:
 * that address works, and its credentials are exact. The published number stays as `ip`.
 *
 * A node is a seed if it has the seed's port and one of its resolved addresses and, if the seed has answered with a
 * node name, that name. In doubt it is not: a seed that stands for several nodes (a load balancer, a round-robin name,
 * a forwarded port) must not swallow one of them. Two targets for one node cost little; a lost node costs more.
 *
 * Nodes keep their order, and no two get one address. Seeds that are not in the list are left to the caller.
 */
export function recogniseSeeds(nodes: readonly NodeRecord[], seeds: readonly KnownSeed[]): readonly NodeRecord[] {
  const taken = new Set(nodes.map(addressOf));
  const spellings = new Map<NodeRecord, KnownSeed>();
  for (const seed of seeds) {
    const reached = canonical(seed.addresses);
    if (taken.has(addressOf(seed)) || !isOneMachine(reached)) continue;
    const matches = nodes.filter((node) => node.port === seed.port && isReached(node, reached));
    const [match] = matches;
    if (match === undefined || matches.length > 1) continue;
    if (spellings.has(match) || !answersAsItself(match, seed)) continue;
    taken.add(addressOf(seed));
    spellings.set(match, seed);
  }
  if (spellings.size === 0) return nodes;
  return nodes.map((node) => {
    const seed = spellings.get(node);
    return seed === undefined ? node : atSeed(node, publishedIp(node), seed);
  });
}

function canonical(addresses: readonly string[]): ReadonlySet<string> {
  return new Set(addresses.map((address) => parseHost(address)?.text).filter((host) => host !== undefined));
}

/** One address a family at most: a name with several leads to several machines, another one each time. */
function isOneMachine(reached: ReadonlySet<string>): boolean {
  const version6 = [...reached].filter((host) => host.includes(":")).length;
  return version6 <= 1 && reached.size - version6 <= 1;
}

// An address that several nodes share (aliases) answers as another one each time: its name proves nothing.
function answersAsItself({ name, aliases }: NodeRecord, { answeredAs }: KnownSeed): boolean {
  return aliases === undefined && (answeredAs === undefined || answeredAs === name);
}

/** To parse the hosts of thousands of nodes would take longer than all the rest. */
function isReached(node: NodeRecord, reached: ReadonlySet<string>): boolean {
  const { host, ip } = node;
  if (!reached.has(host) && (ip === undefined || !reached.has(ip))) return false;
  const published = publishedIp(node);
  return published !== undefined && reached.has(published);
}

function publishedIp({ host, ip }: NodeRecord): string | undefined {
  return parseHost(host)?.numeric ? host : ip;
}

function atSeed(node: NodeRecord, ip: string | undefined, { host, port }: KnownSeed): NodeRecord {
  const { ip: _, ...rest } = node;
  return { ...rest, host, port, ...(ip === undefined || ip === host ? {} : { ip }) };
}
