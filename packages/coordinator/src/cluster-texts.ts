/** The longer sentences of `ClusterLog`: what is so, what follows, and which option changes it. */

export function replacedText(before: string, after: string): string {
  return (
    `the configured nodes belong to another cluster now (uuid ${after}, before ${before}); that one is used ` +
    "from now on. Set `discovery.clusterUuid` to forbid that"
  );
}

export function addressesUnusableText(addresses: readonly string[], reason: string): string {
  return (
    `the addresses that the cluster publishes cannot be used from here (${addresses.join(", ")}: ${reason}); the ` +
    "configured nodes stay in use. Map them with `discovery.addressMap`, or set `discovery: false`"
  );
}

/** @param againMs how often the list is asked for */
export function unservedText(nodes: readonly string[], againMs: number): string {
  return (
    `no list of nodes is served by ${nodes.join(", ")}, as by managed clusters at one address: the configured nodes ` +
    `alone are used, and the list is asked for every ${Math.round(againMs / 1_000)} s. \`discovery: false\` ends that; ` +
    "with `discovery: {}` it is asked for at its interval"
  );
}

export function sourceDiffersText(before: string, own: string): string {
  return (
    `the last leader found the nodes by ${before}, and this process does by ${own}: set \`discovery.source\` alike in ` +
    "all processes that share the view, or the nodes change with each leader"
  );
}
