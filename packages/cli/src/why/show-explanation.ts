import { printable } from "@rollcall/core";
import { figure } from "@rollcall/core/selection";
import { durationText } from "../duration-text.js";
import { nodeEntries, section } from "../render-diagnosis.js";
import { shortRoles } from "../short-roles.js";
import { markLines, operationText, trafficText } from "../show-status.js";
import { entry, type Paint, type Style, wrapText } from "../text-layout.js";
import type { Explanation, ReplicaOnNode } from "./explain-node.js";

const shownMax = 25;
const entriesMax = 15;
/** To the second, in UTC. */
const timeWidth = "2026-11-28 12:00:00".length;
const labelWidth = "penalized".length;
const lineWidth = 80;

/** The answer in the first lines, and what it rests on below. Ends with a line break. */
export function showExplanation(explanation: Explanation, paint: Paint): string {
  const { answer, node, view, replicas, equalShare, fromHere, history } = explanation;
  const style: Style = answer.isWell === true ? "good" : answer.isWell === false ? "bad" : "caution";
  const first = wrapText(printable(answer.text), lineWidth).map((one) => paint(style, one));
  const { traffic } = node;
  const rows: readonly (readonly [string, readonly string[]])[] = [
    [
      "state",
      [
        node.state,
        ...(node.drain === null ? [] : [operationText("drained", node.drain)]),
        ...markLines(node),
        ...(node.isListed ? [] : ["the cluster does not list it"]),
      ],
    ],
    [
      "view",
      [
        `${view.name} is ${view.state}${view.atMs === null ? "" : `, at ${new Date(view.atMs).toISOString()} by the clock of Redis`}`,
      ],
    ],
    [
      "address",
      [
        `${node.address}${node.id === "" ? "" : `  id ${node.id}`}${node.version === null ? "" : `  version ${node.version}`}`,
      ],
    ],
    ...(node.roles === null ? [] : [["roles", [shortRoles(node.roles)]] as const]),
    [
      "traffic",
      traffic === null
        ? ["no replica has counted any"]
        : [
            `${figure(traffic.share * 100)} % of the requests; an equal share is ${figure(equalShare * 100)} %`,
            trafficText(traffic),
          ],
    ],
  ];
  const sections = [
    first.join("\n"),
    section(
      "Node",
      rows.map(([label, lines]) => entry(label, labelWidth, lines)),
      paint,
    ),
    section("Replicas", replicaEntries(replicas, paint), paint),
    ...(history.length === 0 ? [] : [section("History", historyEntries(history), paint)]),
    ...(fromHere === null ? [] : [section("From this machine", nodeEntries([fromHere], paint), paint)]),
  ];
  return `${sections.join("\n\n")}\n`;
}

function historyEntries(history: Explanation["history"]): readonly string[] {
  const older = history.length - entriesMax;
  return [
    ...(older > 0 ? [entry("", timeWidth, [`${older} older ones; rollcall history shows them`])] : []),
    ...history.slice(-entriesMax).map(({ at, text }) => {
      return entry(at.slice(0, timeWidth).replace("T", " "), timeWidth, [text]);
    }),
  ];
}

const styles: Readonly<Record<ReplicaOnNode["decision"], Style>> = {
  unusable: "bad",
  ejected: "bad",
  penalized: "caution",
  refutes: "caution",
  follows: "good",
  observes: "good",
};

function replicaEntries(replicas: readonly ReplicaOnNode[], paint: Paint): readonly string[] {
  if (replicas.length === 0) return [entry("none", labelWidth, ["no replica has answered the status request"])];
  const more = replicas.length - shownMax;
  return [
    ...replicas.slice(0, shownMax).map((one) => replicaEntry(one, paint)),
    ...(more > 0 ? [entry("", labelWidth, [`and ${more} more; --json shows all`])] : []),
  ];
}

function replicaEntry(one: ReplicaOnNode, paint: Paint): string {
  const { replica, host, pid, role, isLeading, freshness, decision, reason, forMs, factor, traffic } = one;
  const lasting = forMs === null ? "" : `for ${durationText(forMs)}: `;
  const share = factor === null ? "" : ` (one request where another gets ${figure(factor)})`;
  const lines = [
    `${host} (pid ${pid})  ${role}${isLeading ? ", leads" : ""}${freshness === "fresh" ? "" : `, its view is ${freshness}`}`,
    `replica ${replica}`,
    ...(reason === null ? [] : [`${lasting}${reason}${share}`]),
    ...(traffic === null ? [] : [`${figure(traffic.share * 100)} % of its requests: ${trafficText(traffic)}`]),
  ];
  return entry(decision, labelWidth, lines, (label) => paint(styles[decision], label));
}
