/** What all clients search, and the terms on which they do. */
export const index = "bench";
export const sniffEveryMs = 30_000;
export const timeoutMs = 10_000;
// The node answers from its own shard copy. Otherwise the cluster, not the client, would meet the other nodes' faults.
export const preference = "_local";
