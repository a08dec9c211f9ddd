import { createSecretKey, hkdfSync, type KeyObject } from "node:crypto";

/** What is sealed: heads, lines of the history, and the messages of each channel, by its name in `RedisKeys`. */
export const sealKinds = [
  "head",
  "history",
  "events",
  "statusRequests",
  "heartbeats",
  "reports",
  "probeResults",
  "operations",
  "operationResults",
] as const;
export type SealKind = (typeof sealKinds)[number];

/** The keys of one view, by kind. The first of each seals, all verify: in the order of the secrets. */
export interface SealKeys {
  /** Of the view. */
  readonly name: string;
  readonly of: (kind: SealKind) => readonly KeyObject[];
}

/**
 * Derived from each secret by HKDF with SHA-256, for this view and each kind. So nothing that is sealed for one view or use
 * passes for another, and no key says anything about another.
 */
export function sealKeys(name: string, secrets: readonly string[]): SealKeys {
  const keys = new Map<SealKind, readonly KeyObject[]>(
    sealKinds.map((kind) => [kind, secrets.map((secret) => derived(secret, name, kind))]),
  );
  return { name, of: (kind) => keys.get(kind) ?? [] };
}

function derived(secret: string, name: string, kind: SealKind): KeyObject {
  // No name and no kind has a line break.
  const purpose = `rollcall view seal 1\n${name}\n${kind}`;
  return createSecretKey(Buffer.from(hkdfSync("sha256", Buffer.from(secret), Buffer.alloc(0), purpose, 32)));
}
