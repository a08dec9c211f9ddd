import type { RollcallError } from "@rollcall/worker";

/** A client's limits of an answer; each holds for the kind that the answer turns out to be. */
export interface SizeLimits {
  /** Of text, in bytes. */
  readonly maxResponseSize?: number | null | undefined;
  /** Of what is compressed, or no text, in bytes. */
  readonly maxCompressedResponseSize?: number | null | undefined;
}

type Headers = Readonly<Record<string, unknown>> | null | undefined;

/** What users of the clients read as bytes, and what the transport decompresses. */
export const binaryTypes =
  /application\/(?:vnd\.mapbox-vector-tile|vnd\.apache\.arrow\.stream|(?:vnd\.elasticsearch\+)?(?:smile|cbor)|vnd\.elasticsearch\+arrow\+stream)/;

/** The least that the pool takes for the bound of a request. */
const leastBoundBytes = 1_024;

/**
 * The bound at which the pool stops to read: no answer that the client would take is larger. The client looks at smaller
 * ones itself. Undefined where the pool's own bound, `poolMaxBytes`, is as low.
 */
export function boundOf(headers: Headers, limits: SizeLimits, poolMaxBytes: number): number | undefined {
  const ofText = limits.maxResponseSize ?? Number.POSITIVE_INFINITY;
  // Before there are headers, an answer that was asked for as bytes may still be text.
  const max = asksForBytes(headers)
    ? Math.max(ofText, limits.maxCompressedResponseSize ?? Number.POSITIVE_INFINITY)
    : ofText;
  return max >= poolMaxBytes ? undefined : Math.max(Math.floor(max), leastBoundBytes);
}

function asksForBytes(headers: Headers): boolean {
  return headers?.["accept-encoding"] !== undefined || binaryTypes.test(String(headers?.accept ?? ""));
}

/** Whether the answer was refused for its size. */
export function isTooLarge({ code, attempts }: RollcallError): boolean {
  return code === "BAD_RESPONSE" && attempts.at(-1)?.code === "UND_ERR_RES_EXCEEDED_MAX_SIZE";
}
