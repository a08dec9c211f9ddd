import fc from "fast-check";

/**
 * Bytes as another program, a fault or an attacker may write them where a document is expected. Two kinds, in equal
 * parts: a good document that is damaged in its parts and is still JSON, and one that is damaged in its bytes as well.
 */
export function damagedDocument(good: fc.Arbitrary<unknown>): fc.Arbitrary<Uint8Array> {
  const parts = fc.array(anyDamageOfPart, { minLength: 1, maxLength: 3 });
  const cuts = fc.oneof(fc.constant([]), fc.array(anyDamageOfBytes, { minLength: 1, maxLength: 2 }));
  return fc.tuple(good, parts, cuts).map(([document, partly, bytewise]) => {
    const whole = partly.reduce((json, damage) => damagedPart(json, damage), JSON.stringify(document));
    return bytewise.reduce(damagedBytes, bytesOf(whole));
  });
}

/** The same for text that is not JSON. */
export function damagedText(good: fc.Arbitrary<string>): fc.Arbitrary<Uint8Array> {
  return fc
    .tuple(good, fc.array(anyDamageOfBytes, { minLength: 1, maxLength: 3 }))
    .map(([text, cuts]) => cuts.reduce(damagedBytes, bytesOf(text)));
}

/** Values where a reader's checks end: beside each type, and beyond each bound. */
const oddValues: readonly unknown[] = [
  ...[null, true, "", "x", [], {}, [[]], [{}], { "": 0 }],
  ...[-1, -0, 0.5, 1e308, 2 ** 53, -(2 ** 53), 2 ** 31, 1_000_000_001],
  ...["\u0000\n\u001b[2J", "\ud800", "__proto__", "constructor", "toString", "x".repeat(5_000)],
  ...["https://u:p@es1/x", "[::1]", "169.254.169.254", "es1\r\nhost: other", "🏔".repeat(300)],
  ...[new Array(5_000).fill(0), new Array(300).fill({}), JSON.parse('{"__proto__":{"epoch":1},"constructor":1}')],
];
const oddNames = ["__proto__", "constructor", "toString", "length", "then", "", "0", "\u0000", "x".repeat(1_000)];

interface DamageOfPart {
  readonly kind: "replace" | "remove" | "add" | "repeat" | "move";
  /** Which part, counted on the way through the document. */
  readonly place: number;
  readonly value: unknown;
  readonly name: string;
}

const anyDamageOfPart: fc.Arbitrary<DamageOfPart> = fc.record({
  kind: fc.constantFrom("replace", "replace", "remove", "add", "repeat", "move"),
  place: fc.nat(),
  value: fc.oneof(fc.constantFrom(...oddValues), fc.jsonValue({ maxDepth: 2 })),
  name: fc.constantFrom(...oddNames),
});

interface Part {
  readonly holder: object;
  readonly key: string;
}

/** As text, because a member named `__proto__` and one that stands twice are members only there. */
function damagedPart(json: string, { kind, place, value, name }: DamageOfPart): string {
  const root = { document: JSON.parse(json) as unknown };
  const parts = partsOf(root);
  const { holder, key } = parts[place % parts.length] ?? { holder: root, key: "document" };
  const part: unknown = Reflect.get(holder, key);
  switch (kind) {
    case "replace":
      define(holder, key, value);
      break;
    case "remove":
      Reflect.deleteProperty(holder, key);
      break;
    case "add":
      define(typeof part === "object" && part !== null ? part : holder, name, value);
      break;
    case "repeat":
      define(holder, key, Array.isArray(part) ? Array.from({ length: 40 }, () => part).flat() : [part, part]);
      break;
    case "move": {
      const other = parts[(place + 1 + name.length) % parts.length] ?? { holder: root, key: "document" };
      define(holder, key, structuredClone(Reflect.get(other.holder, other.key)));
    }
  }
  return JSON.stringify(root.document) ?? "null";
}

/** An own property, whatever it is called; a list keeps its length. */
function define(holder: object, key: string, value: unknown): void {
  if (Array.isArray(holder) && key === "length") return;
  Object.defineProperty(holder, key, { value, enumerable: true, writable: true, configurable: true });
}

function partsOf(holder: object): Part[] {
  return Object.keys(holder).flatMap((key) => {
    const part: unknown = Reflect.get(holder, key);
    const inner = typeof part === "object" && part !== null ? partsOf(part) : [];
    return [{ holder, key }, ...inner];
  });
}

interface DamageOfBytes {
  readonly kind: "cut" | "insert" | "change" | "repeat";
  /** Where, as a share of the whole. */
  readonly at: number;
  readonly length: number;
  readonly bytes: Uint8Array;
}

const anyDamageOfBytes: fc.Arbitrary<DamageOfBytes> = fc.record({
  kind: fc.constantFrom("cut", "insert", "change", "repeat"),
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  length: fc.nat({ max: 60 }),
  bytes: fc.oneof(
    fc.uint8Array({ minLength: 1, maxLength: 8 }),
    fc.constantFrom(...'{}[]",:\\-0e\n\r'.split("")).map(bytesOf),
  ),
});

function damagedBytes(whole: Uint8Array, { kind, at, length, bytes }: DamageOfBytes): Uint8Array {
  const from = Math.floor(at * whole.length);
  const [before, part, after] = [whole.slice(0, from), whole.slice(from, from + length), whole.slice(from + length)];
  switch (kind) {
    case "cut":
      return joined(before, after);
    case "insert":
      return joined(before, bytes, part, after);
    case "change":
      return joined(before, bytes, after);
    case "repeat":
      return joined(before, part, part, part, after);
  }
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts));
}
