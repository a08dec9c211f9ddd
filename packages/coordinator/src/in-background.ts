import { type Logger, logEvent, messageOf } from "@rollcall/core";

/** Runs work that no caller awaits. A defect in it is logged, and ends neither the process nor its caller's loop. */
export async function inBackground(work: () => Promise<void>, logger: Logger): Promise<void> {
  try {
    await work();
  } catch (error) {
    logEvent(logger, "background.failed", { error: messageOf(error) }, "an unexpected failure in the background");
  }
}
