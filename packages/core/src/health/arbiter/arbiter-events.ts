import type { DownEvidence, Mark } from "../../view/view.js";
import type { ProbeOutcome } from "./probe-outcome.js";
import type { PublishedState } from "./published-node.js";

interface ListedNode {
  readonly key: string;
  readonly address: string;
  readonly trusted: boolean;
}

export type ArbiterEvent =
  /**
   * The nodes that the last leader published, with their marks; the first event, or none. Their states are no news and
   * cause no transition, unless time has changed them since. Times of marks are monotonic milliseconds of this process.
   */
  | { readonly type: "inherited"; readonly nodes: readonly (ListedNode & { readonly mark: Mark | undefined })[] }
  /**
   * The complete list of nodes wanted now. A node that it does not name leaves. A seed whose id is not known yet passes
   * its health on when its address is listed with an id.
   */
  | {
      readonly type: "members";
      readonly nodes: readonly ListedNode[];
      /** The cluster names its members for the first time: they need no slow start. */
      readonly firstView: boolean;
    }
  /** The result of a `probe` effect. Without a pending probe it is ignored. */
  | { readonly type: "probed"; readonly key: string; readonly outcome: ProbeOutcome; readonly reason: string }
  /**
   * A process has ejected the node. Without `replica`, the leader's own process saw it. May come at any rate.
   * `probe`: the reporter's own probe on a new connection has just failed too, which counts as a failed peer probe. It
   * must be left out for the leader's own process and for a self-suspect one.
   */
  | {
      readonly type: "reported";
      readonly key: string;
      readonly reason: string;
      readonly replica?: string;
      readonly probe?: "failed";
    }
  /** The peers that were asked, in answer to `requestPeerProbes`. `isAlone`: there is no other process to ask. */
  | {
      readonly type: "peersAsked";
      readonly key: string;
      readonly suspicion: number;
      readonly replicas: readonly string[];
      readonly isAlone: boolean;
    }
  /** The result of a peer probe. Failures of a self-suspect process must be left out. */
  | {
      readonly type: "peerProbed";
      readonly key: string;
      readonly suspicion: number;
      readonly replica: string;
      readonly ok: boolean;
    }
  /** A live process has just had a byte from the node, although the view marks it down. May come at any rate. */
  | { readonly type: "refuted"; readonly key: string; readonly replica: string }
  /** Some process sends requests, or may: no sign of any for a minute means that none does. May come at any rate. */
  | { readonly type: "used" }
  /** An operator takes the down mark of a listed node back. Of any other node it changes nothing. */
  | { readonly type: "unmarked"; readonly key: string; readonly reason: string }
  /** Due at `arbiterDueMs`; at any other time it does nothing. */
  | { readonly type: "tick" };

export type ArbiterEffect =
  /**
   * Probe the node once: on a new connection if `fresh`, else on one kept for probes.
   *
   * Each `probe` must be answered by exactly one `probed`, well within 30 s; after 30 s the probe is sent again. Only
   * the two probes of a suspicion overlap. For a node that is gone no answer is needed.
   */
  | { readonly type: "probe"; readonly key: string; readonly fresh: boolean }
  /**
   * Ask other processes to probe the node once, each on a new connection. `choosePeers` selects them; those in `except`
   * have just reported the node. Must be answered by one `peersAsked`, then by the results that come.
   */
  | {
      readonly type: "requestPeerProbes";
      readonly key: string;
      readonly suspicion: number;
      readonly except: readonly string[];
    }
  /**
   * For the log: the leader cannot reach a node that stays in use, because `reachedBy` reaches it or, without that,
   * because no peer has answered. Once per dispute.
   */
  | {
      readonly type: "disputed";
      readonly key: string;
      readonly reason: string;
      readonly reachedBy: string | undefined;
    }
  /** For the log: the leader reaches a disputed node again. The node was in use all the time. */
  | { readonly type: "disputeCleared"; readonly key: string }
  /** A change that readers see, for the log. A node that joins comes from "joining". */
  | {
      readonly type: "transition";
      readonly key: string;
      readonly from: PublishedState;
      readonly to: PublishedState;
      readonly reason: string;
      /** The evidence against a node that goes down. */
      readonly evidence?: DownEvidence;
    }
  /** `publishedNodes` has changed. */
  | { readonly type: "topologyChanged" }
  /** `marksOf` has changed. */
  | { readonly type: "marksChanged" }
  /** Ask the cluster for its members. Several may come together: the sniffer limits its own rate. */
  | { readonly type: "sniff" };
