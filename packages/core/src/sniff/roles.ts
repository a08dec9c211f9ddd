/** A cluster manager under its old name (Elasticsearch, OpenSearch 1) and its new one (OpenSearch 2). */
const managerRoles: ReadonlySet<string> = new Set(["master", "cluster_manager"]);

/** Roles that take no part in answering an application's requests, held next to a manager's. */
const silentRoles: ReadonlySet<string> = new Set([
  ...managerRoles,
  "voting_only",
  "remote_cluster_client",
  "ml",
  "transform",
]);

/**
 * Whether an application may send its requests to a node with these roles: to all but dedicated cluster managers,
 * which must keep their heap for the cluster itself.
 *
 * A node is filtered only if all its roles are known: `data_hot`, `search`, `warm` and whatever the next version
 * invents are kept, as are coordinating-only nodes (no roles) and nodes whose roles are unknown.
 */
export function servesRequests(roles: readonly string[] | undefined): boolean {
  if (roles === undefined) return true;
  return !(roles.some((role) => managerRoles.has(role)) && roles.every((role) => silentRoles.has(role)));
}
