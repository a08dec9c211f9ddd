/**
 * How far one request has come, in a word that main and its thread share. It is the truth about what was sent also when
 * the thread is busy or dead:
 *
 *   queued ──thread──▶ accepted ──thread, as it writes──▶ sent, and 1 more for each further attempt
 *      └─────main─────────┬┘ main
 *                         ▼
 *                      revoked     main has settled it, or given it to another thread: this one must not send it
 *
 * Each arrow is one compare-and-exchange.
 */
export const claim = { queued: 0, accepted: 1, revoked: 2, sent: 3 } as const;

/** How many attempts a claim word counts as handed to a socket. */
export function sentAttempts(word: number): number {
  return Math.max(0, word - claim.sent + 1);
}
