import { failureReason } from "@rollcall/core";
import { addressOf } from "@rollcall/core/view";
import { nameList } from "../../name-list.js";
import type { Change } from "../change.js";
import type { Observations, SeedObservation } from "../observations.js";
import { groupBy } from "./group-by.js";

const slowNameMs = 1_000;

/** Names that do not resolve, and addresses that cannot be connected to. */
export function connectionChanges({ seeds }: Observations): readonly Change[] {
  return [...nameChanges(seeds), ...slowNames(seeds), ...closedSeeds(seeds), ...closedAddresses(seeds)];
}

function nameChanges(seeds: readonly SeedObservation[]): readonly Change[] {
  const failed = groupBy(seeds, ({ name }) => (name?.kind === "failed" ? name.code : undefined));
  return failed.map(([code, group]) => {
    const hosts = nameList([...new Set(group.map(({ host }) => host))]);
    const isUnknown = code === "ENOTFOUND";
    return {
      ...{ cause: "name", isFault: true, stopsAll: group.length === seeds.length },
      problem: isUnknown
        ? `There is no host ${hosts} for this machine (${code}).`
        : `The resolver of this machine gives no answer for ${hosts} (${code}).`,
      remedy: isUnknown
        ? "Check the spelling in `nodes`, and the resolver where the application runs: /etc/resolv.conf, the DNS of the " +
          "container or of the VPN. An address in place of the name works without it."
        : "Check that the name servers in /etc/resolv.conf can be reached from here, over UDP and TCP port 53.",
    };
  });
}

function slowNames(seeds: readonly SeedObservation[]): readonly Change[] {
  const slow = seeds.filter(({ name }) => name?.kind === "resolved" && name.tookMs >= slowNameMs);
  if (slow.length === 0) return [];
  const shown = slow.map(({ host, name }) => `${host} in ${name?.kind === "resolved" ? name.tookMs : 0} ms`);
  return [
    {
      ...{ cause: "slow-name", isFault: false, stopsAll: false },
      problem: `The resolver is slow: ${nameList(shown)}.`,
      remedy: "The first of its name servers may be away: each lost question is repeated after 5 s.",
    },
  ];
}

function closedSeeds(seeds: readonly SeedObservation[]): readonly Change[] {
  const closed = groupBy(seeds, ({ connections }) => {
    const [first] = connections;
    const isClosed = first !== undefined && connections.every(({ tcp }) => !tcp.ok);
    return isClosed && !first.tcp.ok ? first.tcp.code : undefined;
  });
  return closed.map(([code, group]) => ({
    ...{ cause: "no-connection", isFault: true, stopsAll: group.length === seeds.length },
    problem: `${nameList(group.map(placeOf))} cannot be connected to: ${failureReason(code)} (${code}).`,
    remedy: remedies[code] ?? "Check the network between this machine and the node.",
  }));
}

const silent =
  "Nothing answers, which is how firewalls and security groups drop packets: allow this machine to reach that port, or " +
  "check that the address is right and the machine is up.";
const noRoute = "There is no way to that network from here: check the VPN, routes, and the network of the container.";

const remedies: Readonly<Record<string, string>> = {
  ECONNREFUSED:
    "The machine is up, and nothing listens there: check that the node runs, the port in `nodes` (`http.port`), and that " +
    "the node listens on more than its own loopback address (`network.host`, `http.host`).",
  ETIMEDOUT: silent,
  EHOSTUNREACH: noRoute,
  ENETUNREACH: noRoute,
  ECONNRESET: "Something in between closes the connection at once, such as a proxy whose node is away.",
};

/** Of a name with several addresses, some of which work. */
function closedAddresses(seeds: readonly SeedObservation[]): readonly Change[] {
  return seeds.flatMap((seed): readonly Change[] => {
    const { connections, host } = seed;
    const closed = connections.flatMap(({ address, tcp }) => (tcp.ok ? [] : [{ address, code: tcp.code }]));
    if (closed.length === 0 || closed.length === connections.length) return [];
    const shown = closed.map(({ address, code }) => `${address} (${code})`);
    return [
      {
        ...{ cause: "one-address", isFault: false, stopsAll: false },
        problem: `${host} has ${connections.length} addresses, and not all can be connected to: ${nameList(shown)}.`,
        remedy:
          "Each connection may try them first, and loses 250 ms: take them out of the DNS, or make them reachable.",
      },
    ];
  });
}

function placeOf({ host, port, name }: SeedObservation): string {
  const place = addressOf({ host, port });
  return name?.kind === "resolved" ? `${place} (${nameList(name.addresses)})` : place;
}
