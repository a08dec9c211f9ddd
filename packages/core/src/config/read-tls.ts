import { isIP } from "node:net";
import { parseHost } from "../address/host.js";
import { present } from "../present.js";
import type { TlsConfig } from "./config.js";
import { bounds } from "./defaults.js";
import type { TlsOptions } from "./options.js";
import { type Place, type Problems, placeIn } from "./problems.js";
import { readFilePath } from "./read-file-path.js";
import { readFields, readText } from "./read-options.js";

const certificate = /-----BEGIN (?:[A-Z0-9]+ )?CERTIFICATE-----/;
const privateKey = /-----BEGIN (?:[A-Z0-9]+ )?PRIVATE KEY-----/;
const encryptedKey = /-----BEGIN ENCRYPTED PRIVATE KEY-----|Proc-Type: 4,ENCRYPTED/;
const maxPemCharacters = bounds.pemCharacters.max;
const maxAuthorities = bounds.authorities.max;

const fileNames = ["caFile", "certFile", "keyFile"] as const;
const tlsNames = [
  "ca",
  "cert",
  "key",
  ...fileNames,
  "caFingerprint",
  "serverName",
  "unsafeSkipVerification",
] as const satisfies (keyof TlsOptions)[];

/** TLS options in normal form. Certificates and keys never appear in a message. */
export function readTls(given: Place, problems: Problems): TlsConfig | undefined {
  const fields = readFields({ ...given, secret: true }, tlsNames, problems);
  if (fields === undefined) return undefined;

  const ca = fields.ca.value === undefined ? undefined : readAuthorities(fields.ca, problems);
  const cert = fields.cert.value === undefined ? undefined : readPem(fields.cert, certificate, problems);
  const key = fields.key.value === undefined ? undefined : readKey(fields.key, problems);
  if ((fields.cert.value === undefined) !== (fields.key.value === undefined)) {
    const [found, missing] = fields.cert.value === undefined ? ["key", "cert"] : ["cert", "key"];
    problems.remark(given.path, `has \`${found}\` without \`${missing}\`; each needs the other`);
  }
  const files = fileNames.map((name) => {
    const place = { ...fields[name], secret: false };
    if (place.value === undefined) return undefined;
    const inline = name.slice(0, -"File".length) as "ca" | "cert" | "key";
    if (fields[inline].value !== undefined) {
      problems.remark(given.path, `has two of one kind, \`${inline}\` and \`${name}\`; give one`);
    }
    return readFilePath(place, problems);
  });
  const [caFile, certFile, keyFile] = files;
  if ((fields.certFile.value === undefined) !== (fields.keyFile.value === undefined)) {
    const [found, missing] = fields.certFile.value === undefined ? ["keyFile", "certFile"] : ["certFile", "keyFile"];
    problems.remark(given.path, `has \`${found}\` without \`${missing}\`; each needs the other`);
  }
  const caFingerprint = readFingerprint({ ...fields.caFingerprint, secret: false }, problems);
  const serverName = readServerName({ ...fields.serverName, secret: false }, problems);
  const unsafeSkipVerification = readSkip({ ...fields.unsafeSkipVerification, secret: false }, problems);
  const trusted = (["ca", "caFile", "caFingerprint"] as const).find((name) => fields[name].value !== undefined);
  if (unsafeSkipVerification === true && trusted !== undefined) {
    const both = `must not be given together with \`${trusted}\`, which says what to verify`;
    problems.add({ ...fields.unsafeSkipVerification, secret: false }, both);
  }
  const trust = { caFingerprint, serverName, unsafeSkipVerification };
  return present({ ca, cert, key, caFile, certFile, keyFile, ...trust });
}

function readAuthorities(place: Place, problems: Problems): readonly string[] | undefined {
  if (!Array.isArray(place.value)) {
    const pem = readPem(place, certificate, problems);
    return pem === undefined ? undefined : [pem];
  }
  if (place.value.length === 0 || place.value.length > maxAuthorities) {
    problems.add(place, `must be PEM, or a list of 1 to ${maxAuthorities} PEM`);
    return undefined;
  }
  const read = Array.from(place.value, (item: unknown, index) =>
    readPem(placeIn(place, index, item), certificate, problems),
  );
  return read.filter((pem) => pem !== undefined);
}

function readKey(place: Place, problems: Problems): string | undefined {
  const text = pemText(place.value);
  if (text === undefined || !encryptedKey.test(text)) return readPem(place, privateKey, problems);
  problems.remark(place.path, "is encrypted; give the key without its passphrase");
  return undefined;
}

function readPem(place: Place, expected: RegExp, problems: Problems): string | undefined {
  const text = pemText(place.value);
  if (text !== undefined && expected.test(text)) return text;
  const what = expected === certificate ? "a certificate" : "a private key";
  problems.add(place, `must be PEM text or bytes with ${what}, not a file name`);
  return undefined;
}

function pemText(value: unknown): string | undefined {
  if (typeof value === "string") return value.length <= maxPemCharacters ? value : undefined;
  if (!(value instanceof Uint8Array) || value.byteLength > maxPemCharacters) return undefined;
  return Buffer.from(value).toString("latin1"); // PEM is ASCII; comments around it may be anything
}

function readFingerprint(place: Place, problems: Problems): string | undefined {
  if (place.value === undefined) return undefined;
  const allowed = "must be a SHA-256 fingerprint: 64 hexadecimal digits, with a colon between all pairs or none";
  const isFingerprint = (text: string) => /^(?:[0-9a-f]{64}|[0-9a-f]{2}(?::[0-9a-f]{2}){31})$/i.test(text);
  const text = readText(place, isFingerprint, allowed, problems);
  return text?.replaceAll(":", "").toUpperCase().match(/../g)?.join(":");
}

function readSkip(place: Place, problems: Problems): true | undefined {
  if (place.value === true) return true;
  if (place.value !== undefined && place.value !== false) problems.add(place, "must be true or false");
  return undefined;
}

function readServerName(place: Place, problems: Problems): string | undefined {
  if (place.value === undefined) return undefined;
  const host = typeof place.value === "string" ? parseHost(place.value)?.text : undefined;
  if (host !== undefined && isIP(host) === 0) return host;
  problems.add(place, "must be a host name; SNI has no place for an address (RFC 6066)");
  return undefined;
}
