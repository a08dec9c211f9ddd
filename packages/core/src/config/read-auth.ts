import type { AuthConfig, AuthFileConfig } from "./config.js";
import { bounds } from "./defaults.js";
import type { Auth, AuthProvider } from "./options.js";
import type { Place, Problems } from "./problems.js";
import { readFilePath } from "./read-file-path.js";
import { isObject, readFields, readText } from "./read-options.js";

const valueNames = ["username", "password", "apiKey", "bearer"] as const;
const fileNames = ["passwordFile", "apiKeyFile", "bearerFile"] as const;

type Fields = Readonly<Record<(typeof valueNames)[number], Place>> &
  Readonly<Partial<Record<(typeof fileNames)[number], Place>>>;

/** The credential of a cluster or a node: one that stands here, a file's, or a function's. */
export function readAuthSource(given: Place, problems: Problems): AuthConfig | undefined {
  // What it returns is checked when it is called: see `parseProvidedAuth`.
  if (typeof given.value === "function") return given.value as AuthProvider;
  const place = { ...given, secret: true };
  const fields = readFields(place, [...valueNames, ...fileNames], problems);
  return fields === undefined ? undefined : readKind(place, fields, problems);
}

/** One credential, an API key in its encoded form. Undefined, and at least one problem, if it is none or several. */
export function readAuth(given: Place, problems: Problems): Auth | undefined {
  const place = { ...given, secret: true };
  const fields = readFields(place, valueNames, problems);
  // Without the names of files, it is none of a file.
  return fields === undefined ? undefined : (readKind(place, fields, problems) as Auth | undefined);
}

function readKind({ path }: Place, fields: Fields, problems: Problems): Auth | AuthFileConfig | undefined {
  const { username, password, passwordFile, apiKey, apiKeyFile, bearer, bearerFile } = fields;
  const isBasic = isGiven(username) || isGiven(password) || isGiven(passwordFile);
  const kinds = [
    ...(isBasic ? ["username and password"] : []),
    ...Object.entries({ apiKey, apiKeyFile, bearer, bearerFile }).flatMap(([name, at]) => (isGiven(at) ? [name] : [])),
  ];
  if (kinds.length !== 1) {
    const found = kinds.length === 0 ? "names no credential" : `names ${kinds.length} kinds of credential`;
    const listed = kinds.length === 0 ? "" : ` (${kinds.join(", ")})`;
    problems.remark(path, `${found}${listed}; give one of { username, password }, { apiKey } and { bearer }`);
    return undefined;
  }
  if (isGiven(passwordFile)) return readBasicFile(path, username, password, passwordFile, problems);
  if (isBasic) return readBasic(username, password, problems);
  if (isGiven(apiKey)) return readApiKey(apiKey, problems);
  if (isGiven(apiKeyFile)) return inFile(apiKeyFile, problems, (file) => ({ apiKeyFile: file }));
  if (isGiven(bearerFile)) return inFile(bearerFile, problems, (file) => ({ bearerFile: file }));
  const token = readText(bearer, isToken, "must be a token: visible ASCII characters, without spaces", problems);
  return token === undefined ? undefined : { bearer: token };
}

/** A user name and password as sent by HTTP Basic (RFC 7617): no colon in the name, no control characters. */
export function readBasic(username: Place, password: Place, problems: Problems): Auth | undefined {
  const name = readUserName(username, problems);
  const allowed = "must be a password, without control characters; an empty one is given as an empty string";
  const secret = readText(password, (text) => text === "" || isPrintable(text), allowed, problems);
  return name === undefined || secret === undefined ? undefined : { username: name, password: secret };
}

function readBasicFile(
  path: string,
  username: Place,
  password: Place,
  passwordFile: Place,
  problems: Problems,
): AuthFileConfig | undefined {
  if (isGiven(password)) problems.remark(path, "has `password` and `passwordFile`; give one");
  const name = readUserName(username, problems);
  return inFile(passwordFile, problems, (file) =>
    name === undefined ? undefined : { username: name, passwordFile: file },
  );
}

/** Only the file's name is looked at here, and it may be shown. */
function inFile<Found>(place: Place, problems: Problems, found: (path: string) => Found): Found | undefined {
  const path = readFilePath(place, problems);
  return path === undefined ? undefined : found(path);
}

function readUserName(place: Place, problems: Problems): string | undefined {
  return readText(place, isUserId, "must be a user name: not empty, no colon, no control characters", problems);
}

function readApiKey(place: Place, problems: Problems): Auth | undefined {
  if (!isObject(place.value)) {
    const allowed = "must be the encoded key (base64, so without a colon), or { id, key }";
    const encoded = readText(place, (text) => isToken(text) && !text.includes(":"), allowed, problems);
    return encoded === undefined ? undefined : { apiKey: encoded };
  }
  const fields = readFields(place, ["id", "key"], problems);
  if (fields === undefined) return undefined;
  const id = readText(
    fields.id,
    isUserId,
    "must be the key's id: not empty, no colon, no control characters",
    problems,
  );
  const key = readText(fields.key, isPrintable, "must be the key: not empty, no control characters", problems);
  if (id === undefined || key === undefined) return undefined;
  return { apiKey: Buffer.from(`${id}:${key}`, "utf8").toString("base64") };
}

function isGiven(place: Place | undefined): place is Place {
  return place?.value !== undefined;
}

function isUserId(text: string): boolean {
  return isPrintable(text) && !text.includes(":");
}

function isPrintable(text: string): boolean {
  return text !== "" && text.length <= bounds.secretCharacters.max && !/\p{Cc}/u.test(text);
}

function isToken(text: string): boolean {
  return text.length <= bounds.secretCharacters.max && /^[\x21-\x7e]+$/.test(text);
}
