/** Parts of answers that a test has kept under names, which its later steps refer to as `$name`. */
export class Stash {
  private readonly kept = new Map<string, unknown>();

  set(name: string, value: unknown): void {
    this.kept.set(name, value);
  }

  /** The same value with every reference replaced, in keys too. */
  resolve(value: unknown): unknown {
    if (typeof value === "string") return this.resolveText(value);
    if (Array.isArray(value)) return value.map((one) => this.resolve(one));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, one]) => [String(this.resolveText(name)), this.resolve(one)]),
    );
  }

  private resolveText(text: string): unknown {
    const [, whole = ""] = /^\$(?:\{(\w+)\}|(\w+))$/.exec(text)?.filter((part) => part !== undefined) ?? [];
    if (this.kept.has(whole)) return this.kept.get(whole);
    return text.replaceAll(/\$\{(\w+)\}/g, (reference, name: string) =>
      this.kept.has(name) ? String(this.kept.get(name)) : reference,
    );
  }

  /** The part of a body that a path such as `hits.hits.0._source` names; the whole for an empty one, and `$body`. */
  valueAt(body: unknown, path: string): unknown {
    let value = body;
    for (const part of path.split(/(?<!\\)\./)) {
      const name = String(this.resolveText(part.replaceAll("\\.", ".")));
      if (name === "" || name === "$body") continue;
      if (typeof value !== "object" || value === null) return undefined;
      value = name === "_arbitrary_key_" ? Object.keys(value)[0] : (value as Record<string, unknown>)[name];
    }
    return value;
  }
}
