/** What a command ends with; they stand in its help. `rollcall sniff` has more. */
export const exitCodes = {
  good: 0,
  bad: 1,
  /** Wrong usage or configuration. */
  usage: 2,
} as const;
