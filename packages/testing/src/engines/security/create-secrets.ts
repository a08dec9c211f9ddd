import { foreignCanary } from "../../canary.js";
import type { SecuredNode } from "../contract.js";

/** An API key of Elasticsearch: its parts, and both in the form that a client sends. */
export interface ApiKey {
  readonly id: string;
  readonly key: string;
  readonly encoded: string;
}

/** A key that every node of the cluster accepts, and that may do what the node's user may. */
export async function createApiKey(node: SecuredNode, name: string): Promise<ApiKey> {
  const made = (await node.ask("POST", "/_security/api_key?refresh=true", { name })) as MadeKey;
  return { id: made.id, key: foreignCanary(made.api_key), encoded: foreignCanary(made.encoded) };
}

interface MadeKey {
  readonly id: string;
  readonly api_key: string;
  readonly encoded: string;
}

/** From then on the cluster answers 401 to it. */
export async function invalidateApiKey(node: SecuredNode, { id }: ApiKey): Promise<void> {
  await node.ask("DELETE", "/_security/api_key", { ids: [id] });
}

/**
 * A token, sent as Bearer, of the service account `elastic/fleet-server`, the one that may read the list of nodes. It may
 * also write to indices named `logs-*`.
 *
 * @param name letters, digits, `-` and `_`; not used before
 */
export async function createServiceToken(node: SecuredNode, name: string): Promise<string> {
  const path = `/_security/service/elastic/fleet-server/credential/token/${name}?refresh=true`;
  return foreignCanary(((await node.ask("POST", path)) as MadeToken).token.value);
}

interface MadeToken {
  readonly token: { readonly value: string };
}
