/** Of the time that passes, publications may use up so much at once. */
const savedMaxMs = 1_600;
/** What one uses up: every reader takes the whole view in. */
const costMs = (nodes: number) => 100 + nodes / 2;

/**
 * When the next publication may go out: sixteen at once and then ten a second for a few nodes, two at once and then two
 * every three seconds for a thousand. A large cluster that starts or ends causes a change for each of its nodes, and
 * each publication costs every reader as much as the view is large.
 */
export class PublicationPace {
  private savedMs = savedMaxMs;
  private countedAtMs = 0;

  /** Counts a publication of so many nodes. It may go out after as many milliseconds as are returned. */
  waitMs(nodes: number, nowMs: number): number {
    this.savedMs = Math.min(savedMaxMs, this.savedMs + nowMs - this.countedAtMs) - costMs(nodes);
    this.countedAtMs = nowMs;
    return Math.max(0, -this.savedMs);
  }
}
