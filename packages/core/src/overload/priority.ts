/** Which of two waiting requests goes first: strictly, whatever the other has waited. */
export type Priority = "high" | "normal" | "low";

/** From the first to the last. */
export const priorities = ["high", "normal", "low"] as const satisfies readonly Priority[];

/** The place of a priority among {@link priorities}; that of "normal" where none is given. */
export function rankOf(priority: Priority | undefined): number {
  return priority === undefined ? 1 : priorities.indexOf(priority);
}
