import type { Certificates, NodeCertificate } from "../../certificates.js";
import type { Access } from "../ask-node.js";
import type { EngineUser } from "../contract.js";

/** What makes the nodes of one cluster secured ones. */
export interface ClusterSecurity {
  readonly certificates: Certificates;
  /** Whether each node listens on an address of its own. */
  readonly hasOwnHosts: boolean;
  /** Writes what a node reads below its home, before its first start. */
  prepare(node: { readonly name: string; readonly position: number; readonly home: string }): Promise<NodeSecurity>;
}

export interface NodeSecurity {
  readonly settings: Readonly<Record<string, string>>;
  /** How the tests' own requests reach the node, now. */
  readonly access: Access & { readonly user: EngineUser };
  /** Writes a new password; the node rereads it. @throws where the users are not the node's own */
  changePassword(): Promise<EngineUser>;
  /** Writes them; the node rereads them. @throws where it does not */
  writeCertificate(certificate: NodeCertificate): Promise<void>;
}
