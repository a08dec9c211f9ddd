import type { PoolResponse, ResponseHeaders } from "@rollcall/worker";
import { binaryTypes, type SizeLimits } from "../adapter/size-limits.js";

/** Whether the client's transport takes the answer's body as bytes. */
export function isBinary(headers: ResponseHeaders): boolean {
  return isCompressed(headers) || binaryTypes.test(String(headers["content-type"] ?? ""));
}

function isCompressed(headers: ResponseHeaders): boolean {
  const coding = headers["content-encoding"];
  return coding !== undefined && /gzip|deflate/i.test(String(coding));
}

/**
 * Why the client cannot have this answer, in the client's own words; undefined where it can. A length that is announced
 * counts as that of text too, as in the client's own connection.
 */
export function sizeProblem(answer: PoolResponse, isBytes: boolean, limits: SizeLimits): string | undefined {
  const maxOfText = limits.maxResponseSize ?? Number.POSITIVE_INFINITY;
  const maxOfBytes = limits.maxCompressedResponseSize ?? Number.POSITIVE_INFINITY;
  const announced = answer.headers["content-length"];
  const byteLength = announced === undefined ? answer.bytes().byteLength : Number(announced);
  if (isBytes && byteLength > maxOfBytes) return problem(byteLength, "buffer", maxOfBytes);
  if ((announced !== undefined || !isBytes) && byteLength > maxOfText) return problem(byteLength, "string", maxOfText);
  return undefined;
}

function problem(byteLength: number, what: "buffer" | "string", max: number): string {
  return `The content length (${byteLength}) is bigger than the maximum allowed ${what} (${max})`;
}
