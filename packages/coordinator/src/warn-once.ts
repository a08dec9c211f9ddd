import type { Logger } from "@rollcall/core";

/**
 * Warnings that stay true for long: each is logged when it becomes true, and not again until it was false. At most
 * 1,000 are active at a time; beyond that, none is logged.
 */
export class WarnOnce {
  private readonly active = new Set<string>();

  constructor(private readonly logger: Logger) {}

  /** Logs the message unless the topic is active. */
  warn(topic: string, fields: object, message: string): void {
    // Topics name nodes, and a hostile cluster may list any number of those.
    if (this.active.has(topic) || this.active.size >= topicsMax) return;
    this.active.add(topic);
    this.logger.warn(fields, message);
  }

  /** The topic is no longer true. */
  clear(topic: string): void {
    this.active.delete(topic);
  }
}

const topicsMax = 1_000;
