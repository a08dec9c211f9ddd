import type { Logger } from "@rollcall/core";

const warningsMax = 10;

/** A logger that keeps a store's warnings to be shown. The store logs "info" when what it warned of is over. */
export class ActiveWarnings implements Logger {
  private readonly active = new Set<string>();
  readonly debug = () => {};
  readonly info = () => this.active.clear();
  readonly warn = (_fields: object, message: string) => this.keep(message);
  readonly error = (_fields: object, message: string) => this.keep(message);

  get texts(): readonly string[] {
    return [...this.active];
  }

  private keep(message: string): void {
    if (this.active.size < warningsMax) this.active.add(message);
  }
}
