import { createHash, createHmac } from "node:crypto";

/** A request as it came off the wire. */
export interface WireRequest {
  readonly method: string;
  /** The request target. */
  readonly target: string;
  /** Name, value, name, value. */
  readonly rawHeaders: readonly string[];
  readonly body: Uint8Array;
}

/** Whose signature a service expects, and for what. */
export interface Account {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly region: string;
  readonly service: string;
}

/** AWS refuses a date that is further away. */
const clockSkewMs = 300_000;

/**
 * What a service of AWS would refuse about the signature of a request; undefined: nothing. Written after the description
 * of Signature Version 4, apart from the signer that the example uses.
 */
export function signatureProblem(request: WireRequest, account: Account, nowMs: number): string | undefined {
  const headers = joined(request.rawHeaders);
  const authorization = headers.get("authorization");
  if (authorization === undefined) return "Missing Authentication Token";
  const [, credential = "", names = "", signature = ""] =
    /^AWS4-HMAC-SHA256 Credential=(\S+), SignedHeaders=(\S+), Signature=([0-9a-f]{64})$/.exec(authorization) ?? [];
  const date = headers.get("x-amz-date") ?? "";
  const [, year, month, day, hour, minute, second] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(date) ?? [];
  const atMs = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  if (!(Math.abs(atMs - nowMs) <= clockSkewMs)) return `Signature expired: ${date}`;
  const scope = `${date.slice(0, 8)}/${account.region}/${account.service}/aws4_request`;
  if (credential !== `${account.accessKeyId}/${scope}`) return `the credential is ${credential}`;
  if (headers.get("x-amz-security-token") !== account.sessionToken) return "The security token is invalid";

  const signed = names.split(";");
  const mustBeSigned = [...headers.keys()].filter((name) => name === "host" || name.startsWith("x-amz-"));
  const left = mustBeSigned.find((name) => !signed.includes(name));
  if (left !== undefined) return `${left} is not signed`;
  const bodyHash = sha256(request.body);
  const statedHash = headers.get("x-amz-content-sha256");
  if (account.service === "aoss" && statedHash === undefined) return "x-amz-content-sha256 is missing";
  if (account.service === "aoss" && signed.includes("content-length")) return "content-length is signed";
  if (statedHash !== undefined && statedHash !== bodyHash && statedHash !== "UNSIGNED-PAYLOAD") return "another body";

  const canonical = [
    request.method,
    canonicalPath(request.target),
    canonicalQuery(request.target),
    ...signed.map((name) => `${name}:${(headers.get(name) ?? "").trim().replace(/ +/g, " ")}`),
    "",
    names,
    statedHash ?? bodyHash,
  ].join("\n");
  const toSign = ["AWS4-HMAC-SHA256", date, scope, sha256(canonical)].join("\n");
  const key = scope.split("/").reduce<string | Buffer>(hmac, `AWS4${account.secretAccessKey}`);
  return hmac(key, toSign).toString("hex") === signature ? undefined : `another signature for ${toSign}\n${canonical}`;
}

/** Every service but S3 encodes what is encoded already once more, without dot segments and empty ones. */
function canonicalPath(target: string): string {
  const [path = ""] = target.split("?", 1);
  const segments: string[] = [];
  for (const segment of path.split("/")) {
    if (segment === "..") segments.pop();
    else if (segment !== "" && segment !== ".") segments.push(encode(segment));
  }
  const end = segments.length > 0 && path.endsWith("/") ? "/" : "";
  return `/${segments.join("/")}${end}`;
}

function canonicalQuery(target: string): string {
  const at = target.indexOf("?");
  const pairs = at === -1 ? [] : target.slice(at + 1).split("&");
  const encoded = pairs.filter(Boolean).map((pair) => {
    const [name = "", ...value] = pair.split("=");
    return [encode(decodeURIComponent(name)), encode(decodeURIComponent(value.join("=")))] as const;
  });
  const order = ([name, value]: readonly [string, string], [otherName, otherValue]: readonly [string, string]) =>
    name === otherName ? compare(value, otherValue) : compare(name, otherName);
  return encoded
    .sort(order)
    .map(([name, value]) => `${name}=${value}`)
    .join("&");
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

function encode(text: string): string {
  return [...Buffer.from(text, "utf8")]
    .map((byte) => String.fromCharCode(byte))
    .map((byte) => (/[\w.~-]/.test(byte) ? byte : `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`))
    .join("");
}

function joined(rawHeaders: readonly string[]): ReadonlyMap<string, string> {
  const headers = new Map<string, string>();
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const [name, value] = [(rawHeaders[at] ?? "").toLowerCase(), rawHeaders[at + 1] ?? ""];
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : `${before},${value}`);
  }
  return headers;
}

function sha256(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

function hmac(key: string | Buffer, data: string): Buffer {
  return createHmac("sha256", key).update(data).digest();
}
