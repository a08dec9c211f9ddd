import { parseHost } from "../address/host.js";
import type { Seed } from "./config.js";
import { bounds } from "./defaults.js";
import type { Place, Problems } from "./problems.js";
import { isWholeNumber } from "./read-options.js";

/**
 * The one address that a cloud id stands for: `name:base64`, where the base64 says `host[:port]$elasticsearch[:port]`
 * and, after further `$`, names of other products. As Elastic's clients read it: the second name is put before the host,
 * over https, on its own port, else the host's, else 443.
 */
export function readCloudId(place: Place, problems: Problems): Seed | undefined {
  const seed = typeof place.value === "string" ? seedOf(place.value) : undefined;
  if (seed !== undefined) return seed;
  // Hidden: it may be something else that was put in its place.
  problems.add({ ...place, secret: true }, "must be a cloud id as Elastic's console shows it: name:base64");
  return undefined;
}

function seedOf(text: string): Seed | undefined {
  if (text.length > bounds.urlCharacters.max) return undefined;
  const [, encoded] = /^[^:]*:([A-Za-z0-9+/]+={0,2})$/.exec(text) ?? [];
  if (encoded === undefined) return undefined;
  const bytes = Buffer.from(encoded, "base64");
  // What Node skips silently is a mistake of copying.
  if (withoutPadding(bytes.toString("base64")) !== withoutPadding(encoded)) return undefined;
  const [parent, own] = bytes.toString("utf8").split("$").map(partOf);
  if (parent === undefined || own === undefined) return undefined;
  const host = parseHost(`${own.name}.${parent.name}`)?.text;
  const port = own.port ?? parent.port ?? 443;
  if (host === undefined || !isWholeNumber(port, bounds.port)) return undefined;
  return { scheme: "https", host, port, pathPrefix: "" };
}

/** A name of letters, digits, dots and dashes, and a port. An empty name stands for a product that is not there. */
function partOf(part: string): { readonly name: string; readonly port: number | undefined } | undefined {
  const [, name, port] = /^([A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?)(?::(\d{1,5}))?$/.exec(part) ?? [];
  return name === undefined ? undefined : { name, port: port === undefined ? undefined : Number(port) };
}

function withoutPadding(base64: string): string {
  return base64.replace(/=+$/, "");
}
