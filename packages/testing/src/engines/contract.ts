import type { Certificates, NodeCertificate } from "../certificates.js";

/** OpenSearch 2.19 and Elasticsearch 7.17, which the demo and the benches run on. */
export type EngineKind = "opensearch" | "elasticsearch";

/** Those, and the newer ones. */
export type EngineName = EngineKind | "opensearch3" | "elasticsearch8" | "elasticsearch9";

/** Those with security: OpenSearch by its plugin, Elasticsearch by x-pack. */
export type SecuredEngineName = Exclude<EngineName, "elasticsearch">;

export interface EngineOptions {
  readonly kind: EngineName;
  /** Data nodes, each also eligible as cluster manager unless `dedicatedManagers` is given. Default 3. */
  readonly nodes?: number;
  /** Further nodes that only manage the cluster; they come last in `nodes` and are in `urls` too. Default 0. */
  readonly dedicatedManagers?: number;
  /** Settings of each node beside its own, in order and in turn, such as `{ "node.attr.zone": "a" }`. Default: none. */
  readonly settings?: readonly Readonly<Record<string, string>>[];
  /** Of each node. Default: 256, and 384 with security, which bear little at a time. */
  readonly heapMegabytes?: number;
  /** One line for each step that takes a while. Default: silent. */
  readonly onProgress?: (line: string) => void;
  /** Called with the addresses that the nodes will have, before any of them is started. */
  readonly onStarting?: (urls: readonly string[]) => void;
}

export interface SecuredEngineOptions extends EngineOptions {
  readonly kind: SecuredEngineName;
  /**
   * "shared": one user that every node accepts. "per-node", Elasticsearch only: each node has a user of its own, whom the
   * others answer with 401, and a host of its own, 127.0.0.1 and up, for that is how a pool finds the user of a node that
   * comes back on another port. Default "shared".
   */
  readonly users?: "shared" | "per-node";
  /** Whether a node asks clients for a certificate of the cluster's authority. Default "none". */
  readonly clientCertificates?: "none" | "optional" | "required";
  /** The versions of TLS that nodes speak over HTTP, such as `["TLSv1.2"]`. Default: 1.2 and 1.3. */
  readonly protocols?: readonly string[];
  /** Cipher suites by Java's names, such as `["TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"]`. Default: the engine's. */
  readonly ciphers?: readonly string[];
}

/** A cluster of the real engine: one JVM a node, on loopback addresses, its data gone after `close()`. */
export interface EngineCluster<Node extends EngineNode = EngineNode> extends AsyncDisposable {
  readonly kind: EngineName;
  readonly version: string;
  /** Every node's address, in order of `nodes`. */
  readonly urls: readonly string[];
  readonly nodes: readonly Node[];
  /** Adds a data node and waits until the cluster has taken it in. */
  addNode(): Promise<Node>;
  /** Resolves when the cluster has so many nodes and is not red. Rejects after four minutes. */
  waitForNodes(count: number): Promise<void>;
  /** Ends every JVM and removes the data. Always resolves. */
  close(): Promise<void>;
}

/** One whose nodes speak https alone and answer 401 to strangers. */
export interface SecuredCluster extends EngineCluster<SecuredNode> {
  /** The authority of all certificates: `ca` is what a client trusts, and `issue` makes it a client's certificate. */
  readonly certificates: Certificates;
}

export interface EngineNode {
  readonly name: string;
  readonly url: string;
  /** `host:port` */
  readonly address: string;
  readonly port: number;
  readonly pid: number;
  /** Where the JVM writes its output. */
  readonly logFile: string;
  /**
   * One request, by the node's user if it has one, on a connection of its own; resolves to its JSON.
   *
   * @throws where its status is no 2xx
   */
  ask(method: string, path: string, body?: object): Promise<unknown>;
  /** SIGSTOP */
  pause(): void;
  /** SIGCONT */
  resume(): void;
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>;
  /** SIGTERM; resolves when the process is gone. */
  stop(): Promise<void>;
  /** Starts a killed or stopped node again, on its data and port or on another port; resolves when it answers. */
  start(options?: { port?: number }): Promise<void>;
}

export interface EngineUser {
  readonly username: string;
  readonly password: string;
}

export interface SecuredNode extends EngineNode {
  /** May do everything at this node. With the users of each node, `rotatePassword` changes it. */
  readonly user: EngineUser;
  /**
   * Elasticsearch with `users: "per-node"` only: gives the node's user another password while the node runs. At once
   * `user` has it, as a store of secrets would; the node rereads its file within a quarter of a second and then refuses
   * the old one. Resolves when it accepts the new one.
   */
  rotatePassword(): Promise<EngineUser>;
  /**
   * Elasticsearch only: replaces the certificate and key that the node shows over HTTP, while it runs. Connections that
   * are open keep theirs. Resolves when new connections get the new one; `certificates.issue(name)` makes a good one.
   */
  useCertificate(certificate: NodeCertificate): Promise<void>;
}

export type EngineAvailability =
  | { readonly available: true }
  | {
      readonly available: false;
      /** What is not there, such as "java 17 or newer". */
      readonly missing: readonly string[];
      /** The line to type. */
      readonly hint: string;
    };
