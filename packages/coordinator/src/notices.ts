import type { Logger } from "@rollcall/core";

/** Warnings that are true for long: each is logged when it becomes true, and not again until it was false. */
export class Notices {
  private readonly standing = new Set<string>();

  constructor(private readonly logger: Logger) {}

  /** Logs the message unless it stands already. */
  warn(topic: string, fields: object, message: string): void {
    if (this.standing.has(topic)) return;
    // Topics name addresses, and a hostile cluster may publish any number of those.
    if (this.standing.size >= topicsMax) this.standing.clear();
    this.standing.add(topic);
    this.logger.warn(fields, message);
  }

  /** What the topic warned of is over. */
  clear(topic: string): void {
    this.standing.delete(topic);
  }
}

const topicsMax = 1_000;
