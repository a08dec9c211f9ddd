export type CandidateEvent =
  /** The answers to `acquire`. An epoch at or below the floor is no lease. */
  | { readonly type: "granted"; readonly request: number; readonly epoch: number }
  | { readonly type: "refused"; readonly request: number }
  /** The answers to `renew`. */
  | { readonly type: "renewed"; readonly request: number; readonly renewal: "kept" | "lost" | "incomplete" }
  /** The store did not answer an `acquire` or a `renew`. It may have carried the request out all the same. */
  | { readonly type: "failed"; readonly request: number }
  /** A publication was refused: the lease of this epoch is void. */
  | { readonly type: "fenced"; readonly epoch: number }
  /** A head or a heartbeat of another process names this epoch. `isCredibleEpoch` must hold for it. */
  | { readonly type: "epochSeen"; readonly epoch: number }
  /** Readers have something of this leader's own epoch that it has not written. `found` says what, for people. */
  | { readonly type: "overtaken"; readonly epoch: number; readonly found: string }
  /**
   * `isCredibleEpoch` does not hold for this epoch any more, which is the floor or that of the lease: the store's clock
   * was set back.
   */
  | { readonly type: "epochDisproved"; readonly epoch: number }
  /** A leader has given the lease back. */
  | { readonly type: "released" }
  /**
   * There is a new connection to the store. `leaseStands`: it certainly has what it had at the end of the last one, and
   * what was written since.
   */
  | { readonly type: "connected"; readonly leaseStands: boolean }
  /** Whether a node of the cluster has just been reached; false only if none is reachable as far as is known. */
  | { readonly type: "reached"; readonly reached: boolean }
  /** Another process that may lead has had an answer from a node just now. */
  | { readonly type: "otherReaches" }
  /** Due at `candidateDueMs`; at any other time it does nothing. */
  | { readonly type: "tick" };

export type CandidateEffect =
  /** Each must be answered once, with its number. After 6 s the answer is no longer waited for. */
  | { readonly type: "acquire"; readonly request: number; readonly floorEpoch: number }
  | { readonly type: "renew"; readonly request: number }
  /**
   * Begin a term: monitor the cluster and publish, from what the last leader published. `continues`: from what this
   * process's last term has found, because what others read since may be forged, and no other process has led.
   */
  | { readonly type: "lead"; readonly epoch: number; readonly continues: boolean }
  /** The store has lost a document: publish both again. */
  | { readonly type: "publishAll" }
  /** End the term at once. `giveBack`: the lease still holds and is to be released for other processes. */
  | { readonly type: "stepDown"; readonly reason: string; readonly giveBack: boolean }
  /** The granted lease is of no use: release it for other processes. */
  | { readonly type: "giveBack"; readonly epoch: number }
  /** Once, until this process leads. */
  | { readonly type: "anotherLeads" };
