import type { Attributes } from "@opentelemetry/api";

/** Collections have any number of names. */
const keptMax = 1_000;

/**
 * Keeps attributes by a text that stands for them, as long as what is known of the pool is the same: most requests of an
 * application are like one before, and to make them costs more than to look them up.
 */
export class AttributesCache<Known> {
  private readonly kept = new Map<string, Attributes>();
  private of: Known | undefined;

  get(known: Known, key: string, make: () => Attributes): Attributes {
    if (this.of !== known || this.kept.size >= keptMax) {
      this.kept.clear();
      this.of = known;
    }
    const kept = this.kept.get(key);
    if (kept !== undefined) return kept;
    const made = make();
    this.kept.set(key, made);
    return made;
  }
}
