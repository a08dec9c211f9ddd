import { isIP } from "node:net";
import { mapTexts } from "./map-texts.js";

/** Of what may be a number of version 6, with or without a zone. */
const version6 = /(?<![\w:.])[0-9a-f:]*:[0-9a-f:]+(?:\.\d+){0,3}(?:%\w+)?(?![\w:])/gi;
const version4 = /(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.]*\.\d)(?!\w)/g;
/** Fields whose text is a host, or begins with one. */
const hostFields = ["host", "ip", "address", "from", "serverName"];
const plainWords = ["localhost", ""];

/**
 * The same data with `host-1`, `host-2` … for each host name and each numeric address in it, also inside of longer texts.
 * One host has one name in all of it. Ports stay, and so do names of nodes and clusters, unless they are names of hosts.
 */
export function redactAddresses(data: unknown): unknown {
  const names = new Map<string, string>();
  const nameOf = (host: string) => {
    const known = names.get(host.toLowerCase()) ?? `host-${names.size + 1}`;
    names.set(host.toLowerCase(), known);
    return known;
  };
  for (const host of hostsIn(data)) nameOf(host);
  const hosts = [...names.keys()].sort((a, b) => b.length - a.length).map(escaped);
  const named =
    hosts.length === 0 ? undefined : new RegExp(`(?<![\\w.-])(?:${hosts.join("|")})(?![\\w-]|\\.\\w|://)`, "gi");
  const redacted = (text: string) => {
    const withoutNames = named === undefined ? text : text.replace(named, nameOf);
    return withoutNames
      .replace(version4, (address) => (isIP(address) === 4 ? nameOf(address) : address))
      .replace(version6, (address) => (isIP(address) === 6 ? nameOf(address) : address));
  };
  return mapTexts(data, redacted);
}

function hostsIn(data: unknown): readonly string[] {
  const found = new Set<string>();
  eachText(data, "", (text, field) => {
    for (const [, host = ""] of text.matchAll(/\b(?:https?|rediss?):\/\/(?:[^/@\s]*@)?(\[[^\]]+\]|[\w.-]+)/g))
      found.add(host);
    if (hostFields.includes(field)) found.add(text.replace(/:\d+$/, ""));
  });
  return [...found]
    .map((host) => host.replace(/^\[(.*)\]$/, "$1"))
    .filter((host) => !plainWords.includes(host) && /[a-z0-9]/i.test(host));
}

function eachText(data: unknown, field: string, found: (text: string, field: string) => void): void {
  if (typeof data === "string") return found(data, field);
  if (Array.isArray(data)) for (const part of data) eachText(part, field, found);
  else if (typeof data === "object" && data !== null) {
    for (const [name, part] of Object.entries(data)) eachText(part, name, found);
  }
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
