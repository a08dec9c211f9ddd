/** A log line of a process, or an entry of a history. */
export interface Told {
  readonly atMs: number;
  readonly event: string;
  readonly text: string;
}

/** Which of the wanted events do not come in this order. Others may stand between them. */
export function missingFrom(who: string, told: readonly Told[], wanted: readonly string[]): readonly string[] {
  let from = 0;
  return wanted.flatMap((event) => {
    const at = told.findIndex((line, place) => place >= from && line.event === event);
    if (at < 0) return [`${who} does not tell ${event} in its order`];
    from = at + 1;
    return [];
  });
}
