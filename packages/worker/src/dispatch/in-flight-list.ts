/** What can be a link of {@link InFlightList}. Its links are that list's own. */
export interface Link<Self> {
  older: Self | undefined;
  newer: Self | undefined;
}

/** The attempts in flight at one node, in the order in which they began. No step loops or allocates. */
export class InFlightList<Attempt extends Link<Attempt>> {
  oldest: Attempt | undefined;
  newest: Attempt | undefined;

  /** One that is in no list yet. */
  add(attempt: Attempt): void {
    attempt.older = this.newest;
    if (this.newest === undefined) this.oldest = attempt;
    else this.newest.newer = attempt;
    this.newest = attempt;
  }

  /** One that is in this list. */
  remove(attempt: Attempt): void {
    const { older, newer } = attempt;
    if (older === undefined) this.oldest = newer;
    else older.newer = newer;
    if (newer === undefined) this.newest = older;
    else newer.older = older;
    attempt.older = undefined;
    attempt.newer = undefined;
  }

  /** The oldest first. */
  *[Symbol.iterator](): Generator<Attempt, void> {
    for (let attempt = this.oldest; attempt !== undefined; attempt = attempt.newer) yield attempt;
  }
}
