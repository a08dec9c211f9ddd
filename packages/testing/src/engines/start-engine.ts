import { startCluster } from "./cluster.js";
import type { EngineCluster, EngineOptions, SecuredCluster, SecuredEngineOptions } from "./contract.js";
import { fetchEngine, fetchSecuredEngine } from "./fetch-engine.js";
import { findJava } from "./find-java.js";
import { releases, securedReleases } from "./releases.js";
import { elasticsearchSecurity } from "./security/elasticsearch-security.js";
import { opensearchSecurity } from "./security/opensearch-security.js";

/**
 * Starts a cluster of the real engine and resolves when all its nodes have joined and are ready.
 *
 * @throws when Java or Maven is missing, or when it is not ready in four minutes, with the end of a node's log
 */
export async function startEngine(options: EngineOptions): Promise<EngineCluster> {
  const { kind, onProgress = () => {} } = options;
  const release = releases[kind];
  const java = await findJava(release.oldestJava);
  return startCluster(options, release, { java, ...(await fetchEngine(kind, onProgress)) });
}

/**
 * The same with security: TLS on every node, and users. With Elasticsearch it is the real x-pack, whose users may differ
 * from node to node; API keys and service tokens are made by its own requests (`createApiKey`, `createServiceToken`).
 *
 *     await using cluster = await startSecuredEngine({ kind: "elasticsearch9", users: "per-node" });
 *     const nodes = cluster.nodes.map(({ url, user }) => ({ url, auth: user }));
 *     const pool = createPool({ nodes, tls: { ca: cluster.certificates.ca } });
 *     await cluster.nodes[0]?.rotatePassword();
 *
 * @throws as {@link startEngine}, and for options that the engine does not have
 */
export async function startSecuredEngine(options: SecuredEngineOptions): Promise<SecuredCluster> {
  const { kind, onProgress = () => {} } = options;
  const release = securedReleases[kind];
  const java = await findJava(release.oldestJava);
  const engine = await fetchSecuredEngine(kind, java, onProgress);
  const secure = (names: readonly string[]) =>
    engine.securityPlugin === undefined
      ? elasticsearchSecurity(names, options)
      : opensearchSecurity(engine.securityPlugin, names, options);
  return startCluster(options, release, { java, ...engine }, secure);
}
