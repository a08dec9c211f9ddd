import type { Logger } from "@rollcall/core";

/**
 * Warnings that are true for long: each is logged when it becomes true, and not again until it was false. No more than
 * 1,000 stand at a time; beyond that, none is logged.
 */
export class WarnOnce {
  private readonly standing = new Set<string>();

  constructor(private readonly logger: Logger) {}

  /** Logs the message unless it stands already. */
  warn(topic: string, fields: object, message: string): void {
    // Topics name nodes, and a hostile cluster may publish any number of those.
    if (this.standing.has(topic) || this.standing.size >= topicsMax) return;
    this.standing.add(topic);
    this.logger.warn(fields, message);
  }

  /** What the topic warned of is over. */
  clear(topic: string): void {
    this.standing.delete(topic);
  }
}

const topicsMax = 1_000;
