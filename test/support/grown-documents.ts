/** As many as the largest limit on a number allows, nearly: what has more is refused at once. */
const manyItems = 4_000;

/**
 * A good document, made long in each place of it in turn, and nested deeply.
 *
 * @param maxBytes most of them are a little shorter
 */
export function* grownDocuments(good: string, isJson: boolean, maxBytes: number): Generator<Uint8Array> {
  const room = Math.max(0, Math.floor(0.9 * maxBytes) - Buffer.byteLength(good));
  for (const text of longTexts(good, room, isJson)) yield Uint8Array.from(Buffer.from(text));
  for (const text of isJson ? longParts(JSON.parse(good), room) : []) yield Uint8Array.from(Buffer.from(text));
}

function* longTexts(good: string, room: number, isJson: boolean): Generator<string> {
  const filled = (part: string) => part.repeat(room / Buffer.byteLength(part));
  yield `${"[".repeat(room / 2)}${"]".repeat(room / 2)}`;
  yield `${'{"a":'.repeat(room / 6)}1${"}".repeat(room / 6)}`;
  for (const part of [good, `${good}\n`]) yield part + filled(part);
  for (const part of [" ", "\n", '"', "\\", "a", "0", ".", ":", "$", "*1\r\n", "[", ">", "\u{1f3d4}"]) {
    yield good.slice(0, good.length / 2) + filled(part) + good.slice(good.length / 2);
    // JSON ends where it is no more.
    if (isJson) continue;
    yield filled(part) + good;
    yield good + filled(part);
  }
}

/** Each list gets many items, each object many members, each text many characters. */
function* longParts(document: unknown, room: number): Generator<string> {
  for (const path of pathsIn(document, ["document"])) {
    for (const grow of growths) {
      const root: unknown = { document: structuredClone(document) };
      const holder = Object(path.slice(0, -1).reduce((at: unknown, key) => Reflect.get(Object(at), key), root));
      const key = path.at(-1) ?? "";
      const grown = grow(Reflect.get(holder, key), room);
      if (grown === undefined) continue;
      Reflect.set(holder, key, grown);
      yield JSON.stringify(Reflect.get(Object(root), "document"));
    }
  }
}

const countFor = (room: number, item: unknown) =>
  Math.min(manyItems, Math.floor(room / (Buffer.byteLength(JSON.stringify(item)) + 1)));

function membersOf(length: number, key: string, value: unknown): object {
  return Object.fromEntries(Array.from({ length }, (_, at) => [`${at}${key}`, value] as const));
}

/** Undefined: not for such a part. */
const growths: readonly ((part: unknown, room: number) => unknown)[] = [
  (part, room) => {
    if (!Array.isArray(part)) return undefined;
    const item: unknown = part[0] ?? 0;
    return Array.from({ length: countFor(room, item) }, () => item);
  },
  (part, room) => {
    if (typeof part !== "object" || part === null || Array.isArray(part)) return undefined;
    const [[key, value] = ["key", 0]] = Object.entries(part);
    return { ...part, ...membersOf(countFor(room, [`1234${key}`, value]), key, value) };
  },
  (part, room) => {
    if (typeof part !== "object" || part === null || Array.isArray(part)) return undefined;
    return membersOf(countFor(room, ["1234", 0]), "", 0);
  },
  (part, room) => (typeof part === "string" ? `${part}${"x.\u001b".repeat(room / 8)}` : undefined),
  (part, room) => (typeof part === "string" ? Array.from({ length: countFor(room, part) }, () => part) : undefined),
];

/** Of one item of each list, and of some members of each object: the others are like them. */
function* pathsIn(part: unknown, path: readonly string[]): Generator<readonly string[]> {
  yield path;
  if (typeof part !== "object" || part === null) return;
  const inner = Object.entries(part).slice(0, Array.isArray(part) ? 1 : 8);
  for (const [key, value] of inner) yield* pathsIn(value, [...path, key]);
}
