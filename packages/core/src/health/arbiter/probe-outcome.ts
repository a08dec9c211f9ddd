/**
 * What a probe shows.
 *
 *   verified      an answer with the uuid of our cluster
 *   unverified    an answer of a node that has not joined a cluster yet
 *   denied        401 or 403
 *   overloaded    429 or 5xx
 *   foreign       an answer with the uuid of another cluster
 *   unreachable   no connection, or no answer in time
 *   void          nothing: the proxy on the way to every node fails, or the probe could not be signed
 *
 * Only foreign and unreachable are evidence against a node, and only verified is evidence that it belongs to the cluster.
 */
export type ProbeOutcome = "verified" | "unverified" | "denied" | "overloaded" | "foreign" | "unreachable" | "void";
