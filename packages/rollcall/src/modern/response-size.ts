import type { PoolResponse, ResponseHeaders } from "@rollcall/worker";

export interface SizeLimits {
  /** Of text, in bytes. */
  readonly maxResponseSize?: number | undefined;
  /** Of what is compressed, or no text, in bytes. */
  readonly maxCompressedResponseSize?: number | undefined;
}

/** What users of the clients read as bytes, and what the transport decompresses. */
const binaryTypes =
  /application\/(?:vnd\.mapbox-vector-tile|vnd\.apache\.arrow\.stream|(?:vnd\.elasticsearch\+)?(?:smile|cbor)|vnd\.elasticsearch\+arrow\+stream)/;

export function isBinary(headers: ResponseHeaders): boolean {
  return isCompressed(headers) || binaryTypes.test(String(headers["content-type"] ?? ""));
}

function isCompressed(headers: ResponseHeaders): boolean {
  const coding = headers["content-encoding"];
  return coding !== undefined && /gzip|deflate/i.test(String(coding));
}

/** Why the client's transport cannot have this answer, in the client's own words; undefined where it can. */
export function requireSize(answer: PoolResponse, isBytes: boolean, limits: SizeLimits): string | undefined {
  const { maxResponseSize, maxCompressedResponseSize } = limits;
  const max = isBytes ? maxCompressedResponseSize : maxResponseSize;
  if (max === undefined || max === null) return undefined;
  const announced = answer.headers["content-length"];
  const byteLength = announced === undefined ? answer.bytes().byteLength : Number(announced);
  if (!(byteLength > max)) return undefined;
  const what = isBytes ? "buffer" : "string";
  return `The content length (${byteLength}) is bigger than the maximum allowed ${what} (${max})`;
}
