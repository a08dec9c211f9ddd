import { type ByteRange, elementsOf, membersOf, parseMember } from "../json-members.js";
import type { Steps } from "../steps.js";
import { refuse } from "./json-fields.js";
import { viewLimits } from "./limits.js";

/**
 * A document that is long because of the one member `nodes`. `JSON.parse` of megabytes would hold the thread up, of small
 * lists in one another for longest. So this looks for the items of `nodes`, and each is parsed by itself, in steps.
 */
export interface LongDocument {
  /** All members but `nodes`, parsed and unchecked. */
  readonly rest: object;
  readonly nodes: ByteRange;
}

/** A document has eight members at most, and may get more. */
const membersMax = 64;
/** The longest that has a bound of its own are 256 drains. */
const memberMaxBytes = 512 * 1024;
/** A record may have thousands of aliases. */
const itemMaxBytes = 256 * 1024;
const itemsPerStep = 128;
const bytesPerStep = 65_536;

/** @throws through `refuse`, as the functions below do */
export function* longDocumentIn(bytes: Uint8Array): Steps<LongDocument> {
  const members = yield* membersOf(bytes, { from: 0, to: bytes.length }, membersMax);
  if (members === undefined) return refuse("is not JSON, or no document");
  const rest: [string, unknown][] = [];
  for (const [name, range] of members) {
    if (name === "nodes") continue;
    if (isLong(range)) yield;
    rest.push([name, parsed(bytes, range, memberMaxBytes)]);
  }
  return { rest: Object.fromEntries(rest), nodes: members.get("nodes") ?? nowhere };
}

/** Reads the elements of a list of nodes, in their order. */
export function* readNodeList<Read>(
  bytes: Uint8Array,
  nodes: ByteRange,
  read: (item: unknown) => Read,
): Steps<readonly Read[]> {
  const ranges = yield* elementsOf(bytes, nodes, viewLimits.nodesMax);
  if (ranges === undefined) return refuse(`nodes is no list, or has more than ${viewLimits.nodesMax} entries`);
  return yield* readEach(
    bytes,
    ranges.map((range) => ["", range]),
    (_, item) => read(item),
  );
}

/** Reads the members of an object with a member for each node. */
export function* readNodeMembers<Read>(
  bytes: Uint8Array,
  nodes: ByteRange,
  read: (key: string, item: unknown) => Read,
): Steps<readonly Read[]> {
  const members = yield* membersOf(bytes, nodes, viewLimits.nodesMax);
  if (members === undefined) return refuse(`nodes is no object, or marks more than ${viewLimits.nodesMax} nodes`);
  return yield* readEach(bytes, members, read);
}

function* readEach<Read>(
  bytes: Uint8Array,
  items: Iterable<readonly [string, ByteRange]>,
  read: (key: string, item: unknown) => Read,
): Steps<readonly Read[]> {
  const done: Read[] = [];
  let [count, length] = [0, 0];
  for (const [key, range] of items) {
    if (count >= itemsPerStep || length >= bytesPerStep) {
      [count, length] = [0, 0];
      yield;
    }
    count++;
    length += range.to - range.from;
    done.push(read(key, parsed(bytes, range, itemMaxBytes)));
  }
  return done;
}

function parsed(bytes: Uint8Array, range: ByteRange, maxBytes: number): unknown {
  if (range.to - range.from > maxBytes) return refuse(`has a part that is larger than ${maxBytes} bytes`);
  const value = parseMember(bytes, range);
  return value === undefined ? refuse("is not JSON") : value;
}

function isLong({ from, to }: ByteRange): boolean {
  return to - from > bytesPerStep;
}

const nowhere: ByteRange = { from: 0, to: 0 };

/** The same document as JSON again, in steps. Each item is JSON, and a member of `nodes` if it begins with its name. */
export function* longJson(
  rest: object,
  nodes: Iterable<string>,
  [open, close]: readonly [string, string],
): Steps<string> {
  const parts: string[] = [];
  for (const item of nodes) {
    if (parts.length > 0 && parts.length % itemsPerStep === 0) yield;
    parts.push(item);
  }
  return `${JSON.stringify(rest).slice(0, -1)},"nodes":${open}${parts.join(",")}${close}}`;
}
