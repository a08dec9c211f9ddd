/** What has been said: once in a process for each version. */
const said = new Set<string>();

/**
 * Warns once of a client whose version is not among those that the adapter is tested with. It is used all the same.
 * A client names its version in the `user-agent` of its first request; where its user has set another, there is no
 * warning.
 */
export class ClientVersion {
  private isRead = false;

  constructor(
    private readonly entry: string,
    private readonly tested: readonly number[],
  ) {}

  read(headers: Readonly<Record<string, unknown>> | null | undefined): void {
    if (this.isRead) return;
    this.isRead = true;
    const [, name, major] = /^(\w+)-js\/(\d{1,4})\./.exec(String(headers?.["user-agent"])) ?? [];
    if (name === undefined || this.tested.includes(Number(major))) return;
    const text = `${this.entry} is tested with version ${this.tested.join(" and ")} of ${name}, and this is ${major}`;
    if (said.has(text)) return;
    said.add(text);
    process.emitWarning(`${text}: it is used all the same`, { code: "ROLLCALL_CLIENT_VERSION" });
  }
}
