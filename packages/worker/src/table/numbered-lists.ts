import type { Version } from "@rollcall/core/view";

/** For a thread that is further behind than this, no version is reported. */
const listsKept = 64;

/** Which view's list of nodes each number in the table stands for: several may, as credentials change, too. */
export class NumberedLists {
  /** The newest last. */
  private readonly versions = new Map<number, Version>();

  /** The list of that number is the view's of `version`; undefined: the configured nodes, before there is any view. */
  note(number: number, version: Version | undefined): void {
    if (version === undefined) return;
    this.versions.set(number, version);
    const [oldest] = this.versions.keys();
    if (this.versions.size > listsKept && oldest !== undefined) this.versions.delete(oldest);
  }

  versionOf(number: number): Version | undefined {
    return this.versions.get(number);
  }
}
