import { sniffLimits } from "./limits.js";

/**
 * What an address proved to be, by the `cluster_uuid` of its `GET /`.
 *
 * "unverified" is alive but has not joined a cluster, or does not say which: nothing is pinned by it, and its sniff,
 * which would list itself alone, is not believed.
 */
export type Identity =
  | { readonly kind: "verified"; readonly uuid: string }
  | { readonly kind: "unverified" }
  | { readonly kind: "foreign"; readonly uuid: string };

/** What a node answers until it has joined. */
const notJoined = "_na_";

/** Total: `answeredUuid` may be anything. With nothing pinned any real uuid is verified; the caller pins it. */
export function judgeIdentity(pinned: string | undefined, answeredUuid: unknown): Identity {
  if (typeof answeredUuid !== "string" || answeredUuid.length > sniffLimits.idMaxLength) return { kind: "unverified" };
  if (answeredUuid === "" || answeredUuid === notJoined) return { kind: "unverified" };
  return { kind: pinned === undefined || pinned === answeredUuid ? "verified" : "foreign", uuid: answeredUuid };
}
