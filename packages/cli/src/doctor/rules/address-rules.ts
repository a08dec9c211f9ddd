import { failureReason } from "@rollcall/core";
import { type AdviceKind, adviceOn, isTlsFailure } from "../../diagnose.js";
import type { NodeFinding } from "../../findings.js";
import { nameList } from "../../name-list.js";
import { addressMapText, mapAddresses } from "../address-map.js";
import type { Cause, Change } from "../change.js";
import type { Observations } from "../observations.js";

/** What keeps a pool from the nodes that the cluster lists. */
export function addressChanges(observations: Observations): readonly Change[] {
  return [...unreachable(observations), ...byAdvice(observations)];
}

function unreachable(observations: Observations): readonly Change[] {
  const { findings, seeds } = observations;
  const nodes = findings.list?.nodes ?? [];
  const away = [...nodes.filter(({ verdict }) => verdict === "unreachable"), ...refusedAndAway(observations)];
  const secured = away.filter(isTlsFailure);
  const unconnected = away.filter((node) => !isTlsFailure(node));
  const mapped = mapAddresses(unconnected, seeds);
  const isAddressing = mapped.some(({ to }) => to !== undefined) || !nodes.some(({ verdict }) => verdict === "kept");
  return [
    ...(secured.length === 0 ? [] : [securedChange(secured, nodes)]),
    ...(unconnected.length === 0 ? [] : [isAddressing ? mapChange(unconnected, mapped) : awayChange(unconnected)]),
  ];
}

/** The host policy refuses them, and nothing would answer there anyway: the address is to be changed, not allowed. */
function refusedAndAway({ findings, refused }: Observations): readonly NodeFinding[] {
  return (findings.list?.nodes ?? []).flatMap((node): readonly NodeFinding[] => {
    const tcp = refused.find(({ id }) => id === node.id)?.tcp;
    if (node.verdict !== "refused" || tcp === undefined || tcp.ok) return [];
    return [{ ...node, code: tcp.code, reason: `${failureReason(tcp.code)}; the host policy refuses it too` }];
  });
}

/** A node that answers at a seed is up: then it is the published address that leads nowhere. */
function mapChange(nodes: readonly NodeFinding[], mapped: ReturnType<typeof mapAddresses>): Change {
  const open = mapped.filter(({ to }) => to === undefined).length;
  const fillIn = open === 0 ? "" : ` Fill in what is not certain from here: ${open} of ${mapped.length}.`;
  return {
    ...{ cause: "addresses", isFault: true, stopsAll: false },
    problem: `The addresses that the cluster publishes cannot be reached from here, as is usual with Docker, NAT or a tunnel: ${reasons(nodes)}.`,
    remedy:
      `Say how they are reached with the lines below.${fillIn} Or let the nodes publish another address ` +
      "(`http.publish_host`), or use the configured nodes alone with `discovery: false`.",
    ...(mapped.length === 0 ? {} : { paste: addressMapText(mapped) }),
  };
}

function awayChange(nodes: readonly NodeFinding[]): Change {
  return {
    ...{ cause: "node-unreachable", isFault: true, stopsAll: false },
    problem: `The cluster lists nodes that cannot be reached from here: ${reasons(nodes)}.`,
    remedy:
      "They get no requests until they answer: check those machines, and the network between them and this one. If they " +
      "have another address for this network, `discovery.addressMap` names it.",
    paste: addressMapText(mapAddresses(nodes, [])),
  };
}

function securedChange(secured: readonly NodeFinding[], nodes: readonly NodeFinding[]): Change {
  return {
    ...{ cause: "node-tls", isFault: true, stopsAll: secured.length === nodes.length },
    problem: `TLS fails at the published addresses: ${reasons(secured)}.`,
    remedy:
      "If the certificates lack these addresses, set `tls.serverName` to a name that all of them have, or let the nodes " +
      "publish their names (`http.publish_host`).",
  };
}

/** The rest is judged as `rollcall sniff` does. */
function byAdvice(observations: Observations): readonly Change[] {
  const { findings } = observations;
  if (findings.list === undefined) return [];
  const { list } = findings;
  return adviceOn({ seeds: [], list }).flatMap(({ kind, text }): readonly Change[] => {
    const place = places[kind];
    if (place === undefined) return [];
    const { cause, isFault, about, said = "" } = place;
    const away = new Set(kind === "refused" ? refusedAndAway(observations).map(({ id }) => id) : []);
    const nodes = about === undefined ? [] : list.nodes.filter((node) => about(node) && !away.has(node.id));
    if (about !== undefined && nodes.length === 0) return [];
    return [{ cause, isFault, stopsAll: false, problem: nodes.length > 0 ? `${reasons(nodes)}.` : said, remedy: text }];
  });
}

interface Place {
  readonly cause: Cause;
  readonly isFault: boolean;
  readonly about?: (node: NodeFinding) => boolean;
  /** Where it is about no node. */
  readonly said?: string;
}

const verdict = (wanted: NodeFinding["verdict"]) => (node: NodeFinding) => node.verdict === wanted;

/** Advice about the list; what is absent here has a rule of its own. */
const places: Partial<Readonly<Record<AdviceKind, Place>>> = {
  "path-prefix": { cause: "nodes", isFault: false, said: "The published addresses are not used." },
  "node-foreign": { cause: "nodes", isFault: true, about: verdict("foreign") },
  "node-unverified": { cause: "nodes", isFault: true, about: verdict("unverified") },
  denied: { cause: "privilege", isFault: true, about: verdict("denied") },
  overloaded: { cause: "overloaded", isFault: true, about: verdict("overloaded") },
  refused: { cause: "host-policy", isFault: true, about: verdict("refused") },
  "other-node": { cause: "nodes", isFault: true, about: ({ answeredAs }) => answeredAs !== undefined },
  incomplete: { cause: "nodes", isFault: false, said: "The list of nodes is not complete." },
  managers: { cause: "nodes", isFault: false, said: "Every listed node is a dedicated cluster manager." },
};

function reasons(nodes: readonly NodeFinding[]): string {
  return nameList(
    nodes.map(({ name, id, address, published, reason, answeredAs }) => {
      const place = address ?? published;
      const shown = `${name ?? id}${place === undefined ? "" : ` at ${place}`}`;
      return `${shown} (${answeredAs === undefined ? reason : `${answeredAs} answers there`})`;
    }),
  );
}
