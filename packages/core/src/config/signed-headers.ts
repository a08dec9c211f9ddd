import { isHeaderName, isHeaderValue, reservedHeaders } from "./read-headers.js";
import type { RequestToSign } from "./sign.js";

/** The headers that a hook has added to a request, name and value in turn; or what is wrong with what it returned. */
export type SignedHeaders =
  | { readonly kind: "signed"; readonly added: readonly string[] }
  | { readonly kind: "bad"; readonly problem: string };

/** Of more headers none is needed for a signature. */
const addedMax = 64;

/**
 * Checks what a hook returned for this request. Total: what is returned may be anything, and may throw when it is read.
 * `problem` completes a sentence that begins with the hook; it holds names of headers, and no values.
 */
export function readSignedHeaders({ headers }: RequestToSign, returned: unknown): SignedHeaders {
  try {
    if (typeof returned !== "object" || returned === null || Array.isArray(returned)) return bad(noHeaders);
    const entries = Object.entries(returned);
    if (entries.length === 0) return bad(noHeaders);
    const added: string[] = [];
    for (const [written, value] of entries) {
      const name = written.toLowerCase();
      if (!isHeaderName(name)) return bad("returned a name that is none of a header");
      if (typeof value !== "string" || !isHeaderValue(value)) {
        return bad(`returned a value for the header ${name} that HTTP does not allow`);
      }
      if (Object.hasOwn(headers, name)) {
        if (headers[name] === value) continue;
        return bad(`returned another value for the header ${name}, which the request has already`);
      }
      if (name !== "authorization" && reservedHeaders.has(name)) {
        return bad(`returned the header ${name}, which the connection sets`);
      }
      if (added.includes(name)) return bad(`returned the header ${name} twice; case makes no difference`);
      added.push(name, value);
    }
    return added.length > 2 * addedMax ? bad(`returned more than ${addedMax} headers`) : { kind: "signed", added };
  } catch {
    return bad(noHeaders);
  }
}

const noHeaders = "returned no headers: it must return an object of names and values";

function bad(problem: string): SignedHeaders {
  return { kind: "bad", problem };
}
