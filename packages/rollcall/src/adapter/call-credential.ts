import type { PoolRequest } from "@rollcall/worker";

/**
 * The credential that a client has put into the header `authorization` of a call: its own option for a child, or a
 * header of the user's. Undefined for a scheme that the pool does not have, which it refuses as a header.
 */
export function credentialOf(header: unknown): PoolRequest["auth"] {
  const [, scheme = "", value = ""] = /^(basic|apikey|bearer) +(\S+)$/i.exec(String(header)) ?? [];
  switch (scheme.toLowerCase()) {
    case "basic": {
      const text = Buffer.from(value, "base64").toString("utf8");
      const colon = text.indexOf(":");
      return { username: text.slice(0, colon), password: text.slice(colon + 1) };
    }
    case "apikey":
      return { apiKey: value };
    case "bearer":
      return { bearer: value };
    default:
      return undefined;
  }
}
