/** The engines that all suites run on: OpenSearch 2.19 and Elasticsearch 7.17. */
export type EngineKind = "opensearch" | "elasticsearch";

/** Those, and the newer ones that the clients are compared on. */
export type EngineName = EngineKind | "opensearch3" | "elasticsearch8" | "elasticsearch9";

export interface EngineOptions {
  readonly kind: EngineName;
  /** Data nodes, each also eligible as cluster manager unless `dedicatedManagers` is given. Default 3. */
  readonly nodes?: number;
  /** Further nodes that only manage the cluster; they come last in `nodes` and are in `urls` too. Default 0. */
  readonly dedicatedManagers?: number;
  /** OpenSearch only: its security plugin, with TLS and basic auth on every node. Default false. */
  readonly secured?: boolean;
  /** Of each node. Default: 256, and 384 with the security plugin, which bear little at a time. */
  readonly heapMegabytes?: number;
  /** One line for each step that takes a while. Default: silent. */
  readonly onProgress?: (line: string) => void;
  /** Called with the addresses that the nodes will have, before any of them is started. */
  readonly onStarting?: (urls: readonly string[]) => void;
}

/** A cluster of the real engine: one JVM a node, on 127.0.0.1, its data gone after `close()`. */
export interface EngineCluster extends AsyncDisposable {
  readonly kind: EngineName;
  /** Every node's address, in order of `nodes`. */
  readonly urls: readonly string[];
  readonly nodes: readonly EngineNode[];
  /** The CA's certificate (PEM); present when secured. */
  readonly ca?: string;
  /** SHA-256 of the CA's certificate, upper-case hex with colons; present when secured. */
  readonly caFingerprint?: string;
  /** The users that may log in; present when secured. The first may do everything. */
  readonly users?: readonly { readonly username: string; readonly password: string }[];
  /** Adds a data node and waits until the cluster has taken it in. */
  addNode(): Promise<EngineNode>;
  /** Resolves when the cluster has so many nodes and is not red. Rejects after two minutes. */
  waitForNodes(count: number): Promise<void>;
  /** Ends every JVM and removes the data. Always resolves. */
  close(): Promise<void>;
}

export interface EngineNode {
  readonly name: string;
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Where the JVM writes its output. */
  readonly logFile: string;
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

export type EngineAvailability =
  | { readonly available: true }
  | {
      readonly available: false;
      /** What is not there, such as "java 17 or newer". */
      readonly missing: readonly string[];
      /** The line to type. */
      readonly hint: string;
    };
