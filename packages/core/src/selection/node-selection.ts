import type { NodeMatchConfig, SelectionConfig } from "../config/config.js";
import type { NodeRecord } from "../view/node-record.js";

/** What the option `selection` makes of one node. `reason` is for people and names the option. */
export type SelectionVerdict =
  | { readonly kind: "used"; readonly preferred: boolean }
  | { readonly kind: "kept-out"; readonly reason: string }
  /** Kept out as long as no list of the cluster names it. */
  | { readonly kind: "unlisted"; readonly reason: string };

const used: SelectionVerdict = { kind: "used", preferred: false };
const preferred: SelectionVerdict = { kind: "used", preferred: true };

/**
 * Whether a pool with this selection sends requests to the node. To be called when a view is applied, not for a request.
 *
 * A node of which the selection asks what is not known is kept out: it might be one that must get no request. So a
 * configured address waits for the cluster's list. `prefer` alone keeps no node out.
 */
export function judgeBySelection({ only, except, prefer }: SelectionConfig, node: NodeRecord): SelectionVerdict {
  if (only.length + except.length > 0) {
    if (node.id === "") {
      return { kind: "unlisted", reason: "`selection` keeps it out until the cluster's list says what it is" };
    }
    const asksForRoles = [...only, ...except].some(({ roles }) => roles !== undefined);
    if (asksForRoles && node.roles === undefined) {
      return keptOut("`selection` asks for roles, and the cluster's list does not say which it has");
    }
  }
  if (only.length > 0 && !only.some((match) => isMatch(match, node))) {
    return keptOut("`selection.only` does not name it");
  }
  if (except.some((match) => isMatch(match, node))) return keptOut("`selection.except` names it");
  return prefer.some((match) => isMatch(match, node)) ? preferred : used;
}

function keptOut(reason: string): SelectionVerdict {
  return { kind: "kept-out", reason };
}

function isMatch({ roles, attributes = [] }: NodeMatchConfig, node: NodeRecord): boolean {
  return (
    (roles === undefined || roles.some((role) => hasRole(role, node.roles))) &&
    attributes.every(([name, values]) => {
      const own = Object.hasOwn(node.attributes ?? {}, name) ? (node.attributes?.[name] ?? []) : [];
      return [own].flat().some((value) => values.includes(value));
    })
  );
}

/** A cluster manager under its old name (Elasticsearch, OpenSearch 1) and its new one (OpenSearch 2). */
const managerNames: readonly string[] = ["master", "cluster_manager"];

function hasRole(wanted: string, roles: readonly string[] | undefined): boolean {
  if (roles === undefined) return false;
  if (roles.includes(wanted)) return true;
  if (managerNames.includes(wanted)) return roles.some((role) => managerNames.includes(role));
  if (wanted === "data") return roles.some((role) => role.startsWith("data_"));
  return wanted === "coordinating_only" && roles.length === 0;
}
