import type { Display } from "./screen/terminal.js";

/** Why a run ends early; an error: a process ended that the demo did not kill. */
export type Stop = "interrupted" | "late" | Error;

const deadlineMs = 180_000;

export interface CourseOptions {
  /** What the run does while searches go on; rejects when `stop` fires. */
  readonly course: () => Promise<void>;
  /** Ends the searches; `cutShort`: without waiting for those in flight. */
  readonly endSearches: (how: { readonly cutShort: boolean }) => Promise<void>;
  readonly draw: () => void;
  readonly display: Display;
  /** Ends the run early; its reason is a {@link Stop}. */
  readonly stop: AbortController;
  readonly print: (line: string) => void;
}

/** Draws now and then until the course ends, 180 s at most. Returns why it ended early; undefined if it did not. */
export async function runCourse(options: CourseOptions): Promise<Stop | undefined> {
  const { course, endSearches, draw, display, stop, print } = options;
  const drawing = setInterval(draw, display.everyMs);
  const deadline = setTimeout(() => stop.abort("late" satisfies Stop), deadlineMs);
  let stopped: Stop | undefined;
  try {
    await course();
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    stopped = stop.signal.reason as Stop;
  } finally {
    clearTimeout(deadline);
    await endSearches({ cutShort: stopped !== undefined });
    clearInterval(drawing);
  }
  draw();
  display.keep();
  if (stopped === "late") print(`given up: the run did not end within ${deadlineMs / 1_000} s`);
  if (stopped instanceof Error) print(`given up: ${stopped.message}`);
  return stopped;
}
