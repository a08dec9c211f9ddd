import * as zlib from "node:zlib";

/** How a body may be packed, of what this Node can undo. */
export type ContentCoding = "gzip" | "deflate" | "br" | "zstd";

/** What an answer's `content-encoding` says: the codings in the order in which they are to be undone. */
export type ContentCodings =
  | { readonly kind: "readable"; readonly codings: readonly ContentCoding[] }
  | { readonly kind: "unreadable"; readonly coding: string };

export const readsZstd = "createZstdDecompress" in zlib;

/** As the header `accept-encoding`. */
export const acceptedCodings = readsZstd ? "gzip, deflate, br, zstd" : "gzip, deflate, br";

/** More codings than this are no honest answer's: each costs memory of its own. */
const codingsMax = 4;

const headerName = "content-encoding";

/** What is to be undone so that an answer's body can be read. Undefined: nothing, or its caller does so. */
export function codingsToUndo(
  { method, headers }: { readonly method: string; readonly headers: readonly string[] },
  status: number,
  rawHeaders: readonly Buffer[],
): ContentCodings | undefined {
  const hasBody = status >= 200 && status !== 204 && status !== 304 && method !== "HEAD";
  const found = hasBody ? contentCodingsOf(rawHeaders) : undefined;
  return found === undefined || asksForCoding(headers) ? undefined : found;
}

/** Of an answer with a body. Undefined: it is not packed. */
function contentCodingsOf(rawHeaders: readonly Buffer[]): ContentCodings | undefined {
  let text: string | undefined;
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    if (!isNamed(rawHeaders[at], headerName)) continue;
    const value = rawHeaders[at + 1]?.toString("latin1") ?? "";
    text = text === undefined ? value : `${text},${value}`;
  }
  return text === undefined ? undefined : codingsIn(text);
}

/** Without the headers that say what an unpacked body is no more: its coding, and its length while it was packed. */
export function headersOfUnpacked(rawHeaders: readonly Buffer[]): readonly Buffer[] {
  return rawHeaders.filter((_, at) => {
    const name = rawHeaders[at - (at % 2)];
    return !isNamed(name, headerName) && !isNamed(name, "content-length");
  });
}

/** Whether the request's own headers ask for a coding: its caller undoes that. `headers`: name, value, name, value. */
function asksForCoding(headers: readonly string[]): boolean {
  for (let at = 0; at < headers.length; at += 2) if (headers[at] === "accept-encoding") return true;
  return false;
}

function codingsIn(text: string): ContentCodings | undefined {
  const codings: ContentCoding[] = [];
  for (const word of text.toLowerCase().split(",").reverse()) {
    const name = word.trim();
    if (name === "" || name === "identity") continue;
    const coding = byName.get(name);
    if (coding === undefined || codings.length === codingsMax) return { kind: "unreadable", coding: shown(name) };
    codings.push(coding);
  }
  return codings.length === 0 ? undefined : { kind: "readable", codings };
}

const byName: ReadonlyMap<string, ContentCoding> = new Map([
  ["gzip", "gzip"],
  ["x-gzip", "gzip"],
  ["deflate", "deflate"],
  ["br", "br"],
  ...(readsZstd ? ([["zstd", "zstd"]] as const) : []),
]);

/** A word of the answer's that is no name of a coding is not repeated. */
function shown(name: string): string {
  return /^[a-z0-9._-]{1,32}$/.test(name) ? name : "[…]";
}

function isNamed(name: Buffer | undefined, wanted: string): boolean {
  return name?.length === wanted.length && name.toString("latin1").toLowerCase() === wanted;
}
