import type { Logger } from "@rollcall/core";

const warningsMax = 10;

/** Keeps what a store warns of, to be shown: it logs a warning once, and with "info" that what it warned of is over. */
export class StandingWarnings implements Logger {
  private readonly standing = new Set<string>();
  readonly debug = () => {};
  readonly info = () => this.standing.clear();
  readonly warn = (_fields: object, message: string) => this.keep(message);
  readonly error = (_fields: object, message: string) => this.keep(message);

  get texts(): readonly string[] {
    return [...this.standing];
  }

  private keep(message: string): void {
    if (this.standing.size < warningsMax) this.standing.add(message);
  }
}
