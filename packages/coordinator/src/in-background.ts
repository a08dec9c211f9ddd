import { type Logger, messageOf } from "@rollcall/core";

/** Runs work that no caller awaits. A defect in it is logged, and ends neither the process nor its caller's loop. */
export async function inBackground(work: () => Promise<void>, logger: Logger): Promise<void> {
  try {
    await work();
  } catch (error) {
    logger.error({ error: messageOf(error) }, "an unexpected failure in the background");
  }
}
