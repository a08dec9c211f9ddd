import { bounds } from "./defaults.js";
import { type Place, type Problems, placeIn } from "./problems.js";
import { readFilePath } from "./read-file-path.js";

/** The secrets of a view: the first seals, all verify. */
export interface SecretConfig {
  readonly secret?: readonly string[];
  /** An absolute path, in place of `secret`. */
  readonly secretFile?: string;
}

const { secretBytes, secrets: count } = bounds;
const aSecret = `must be ${secretBytes.min} to ${secretBytes.max} bytes of text, without white space at its ends`;
const anyForm = `must be a secret as text, or a list of ${count.min} to ${count.max}`;

/** Options that only a view in Redis can have. */
export function readSecrets(given: Place, file: Place, isShared: boolean, problems: Problems): SecretConfig {
  const place = { ...given, secret: true };
  const [either] = [place, file].filter(({ value }) => value !== undefined);
  if (either === undefined) return {};
  if (!isShared) {
    problems.add(either, "must not be given without `redis`: a view that is not shared is sealed for no other process");
  }
  if (file.value === undefined) return { secret: readGiven(place, problems) };
  if (place.value !== undefined) problems.remark(place.path, `is given together with \`${file.path}\`; give one`);
  const path = readFilePath(file, problems);
  return path === undefined ? {} : { secretFile: path };
}

/** Of a file: a secret a line. Lines without one are skipped. The problem holds no part of it. */
export function parseSecretFile(text: string): { readonly secrets: readonly string[] } | { readonly problem: string } {
  const secrets = text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== "");
  if (secrets.length === 0) return { problem: "holds no secret" };
  if (secrets.length > count.max) return { problem: `holds more than ${count.max} secrets` };
  const wrong = secrets.findIndex((secret) => !isSecret(secret));
  if (wrong !== -1) return { problem: `holds a line, the secret ${wrong + 1}, that ${aSecret}` };
  return hasTwice(secrets) ? { problem: "holds one secret twice" } : { secrets };
}

function readGiven(place: Place, problems: Problems): readonly string[] {
  const { value } = place;
  const listed: readonly unknown[] = Array.isArray(value) ? value : [value];
  const isList = Array.isArray(value) && listed.length >= count.min && listed.length <= count.max;
  if (!isList && typeof value !== "string") {
    problems.add(place, anyForm);
    return [];
  }
  const secrets = listed.filter((item): item is string => typeof item === "string" && isSecret(item));
  for (const [at, item] of listed.entries()) {
    if (typeof item === "string" && isSecret(item)) continue;
    problems.add(Array.isArray(value) ? placeIn(place, at, item) : place, aSecret);
  }
  if (hasTwice(secrets)) problems.remark(place.path, "names one secret twice");
  return secrets;
}

function isSecret(text: string): boolean {
  const bytes = Buffer.byteLength(text);
  return bytes >= secretBytes.min && bytes <= secretBytes.max && text.trim() === text;
}

function hasTwice(secrets: readonly string[]): boolean {
  return new Set(secrets).size < secrets.length;
}
