import { constants, unzipSync } from "node:zlib";
import type { ResponseHeaders } from "../api/response-head.js";

/** Where an answer begins with the id of what it has opened: the engines write it first. */
const atStart = /^\s*\{\s*"(?:_scroll_id|id)"\s*:\s*"/;
/** The next page of an SQL query: the engines write it last. */
const atEnd = /"cursor"\s*:\s*"([^"\\]+)"\s*\}\s*$/;
/** So much is read to see whether an answer begins so, and the longest id: one of a thousand shards has 100 KB. */
const startMaxLength = 256;
const idMaxLength = 1_048_576;
/** An answer of up to so many bytes is parsed where it does not begin so. */
const parsedMaxBytes = 65_536;

/** The id in an answer's headers: the only place where the answer is no JSON. */
export function idInHeaders(headers: ResponseHeaders): string | undefined {
  const given = headers["x-elasticsearch-async-id"] ?? headers["async-id"] ?? headers.cursor;
  return typeof given === "string" && given !== "" ? given : undefined;
}

/** The id of what a whole answer has opened, or goes on with. */
export function idInBody(body: Buffer | string, headers: ResponseHeaders): string | undefined {
  const text = textOf(body, headers);
  if (text === undefined) return undefined;
  const first = idAtStart(text);
  if (typeof first === "string") return first;
  return atEnd.exec(text.slice(-idMaxLength))?.[1] ?? (text.length <= parsedMaxBytes ? idIn(text) : undefined);
}

/** The id with which the answer begins; false where it begins otherwise; undefined where that takes more of it. */
export function idAtStart(text: string): string | false | undefined {
  const start = atStart.exec(text.slice(0, startMaxLength));
  if (start === null) return text.length < startMaxLength ? undefined : false;
  const from = start[0].length;
  const end = text.indexOf('"', from);
  if (end >= 0) return text.slice(from, end);
  return text.length > idMaxLength ? false : undefined;
}

function textOf(body: Buffer | string, headers: ResponseHeaders): string | undefined {
  if (typeof body === "string") return body;
  const coding = headers["content-encoding"];
  if (coding === undefined || coding === "identity") return body.toString("latin1");
  if (coding !== "gzip" && coding !== "deflate") return undefined;
  try {
    // Only its beginning: the caller unpacks the whole.
    return unzipSync(body.subarray(0, parsedMaxBytes), { finishFlush: constants.Z_SYNC_FLUSH }).toString("latin1");
  } catch {
    return undefined;
  }
}

function idIn(text: string): string | undefined {
  try {
    const answer = JSON.parse(text) as { readonly [field: string]: unknown } | null;
    const id = answer?._scroll_id ?? answer?.cursor ?? answer?.id;
    return typeof id === "string" ? id : undefined;
  } catch {
    return undefined;
  }
}
