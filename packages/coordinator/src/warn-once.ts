import { type LogEventName, type Logger, logEvent } from "@rollcall/core";

/**
 * Warnings that stay true for long: each is logged when it becomes true, once more for each further reason, and not
 * again until it was false. At most 1,000 are active at a time; beyond that, none is logged.
 */
export class WarnOnce {
  /** The reasons that were logged, by topic. */
  private readonly active = new Map<string, Set<string>>();

  constructor(private readonly logger: Logger) {}

  /**
   * Logs the message unless the topic is active with that reason. Of one topic, at most 8 reasons are logged. Returns
   * whether it was logged.
   */
  warn(topic: string, event: LogEventName, fields: object, message: string, reason = ""): boolean {
    const reasons = this.active.get(topic) ?? new Set();
    // Topics name nodes, and a hostile cluster may list any number of those.
    if (reasons.size === 0 && this.active.size >= topicsMax) return false;
    if (reasons.has(reason) || reasons.size >= reasonsMax) return false;
    this.active.set(topic, reasons.add(reason));
    logEvent(this.logger, event, fields, message);
    return true;
  }

  /** The topic is no longer true. Whether a warning about it was logged. */
  clear(topic: string): boolean {
    return this.active.delete(topic);
  }

  /** The same, and logs the message if a warning about the topic was logged. */
  end(topic: string, event: LogEventName, message: string): void {
    if (this.clear(topic)) logEvent(this.logger, event, {}, message);
  }
}

const topicsMax = 1_000;
const reasonsMax = 8;
