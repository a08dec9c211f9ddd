import { bounds } from "./defaults.js";
import type { Auth } from "./options.js";
import type { Place, Problems } from "./problems.js";
import { isObject, readFields, readText } from "./read-options.js";

/** One credential, an API key in its encoded form. Undefined, and at least one problem, if it is none or several. */
export function readAuth(given: Place, problems: Problems): Auth | undefined {
  const place = { ...given, secret: true };
  const fields = readFields(place, ["username", "password", "apiKey", "bearer"], problems);
  if (fields === undefined) return undefined;
  const { username, password, apiKey, bearer } = fields;

  const isBasic = isGiven(username) || isGiven(password);
  const kinds = [
    ...(isBasic ? ["username and password"] : []),
    ...(isGiven(apiKey) ? ["apiKey"] : []),
    ...(isGiven(bearer) ? ["bearer"] : []),
  ];
  if (kinds.length !== 1) {
    const found = kinds.length === 0 ? "names no credential" : `names ${kinds.length} kinds of credential`;
    const listed = kinds.length === 0 ? "" : ` (${kinds.join(", ")})`;
    problems.remark(place.path, `${found}${listed}; give one of { username, password }, { apiKey } and { bearer }`);
    return undefined;
  }
  if (isBasic) return readBasic(username, password, problems);
  if (isGiven(apiKey)) return readApiKey(apiKey, problems);
  const token = readText(bearer, isToken, "must be a token: visible ASCII characters, without spaces", problems);
  return token === undefined ? undefined : { bearer: token };
}

/** A user name and password as sent by HTTP Basic (RFC 7617): no colon in the name, no control characters. */
export function readBasic(username: Place, password: Place, problems: Problems): Auth | undefined {
  const name = readText(
    username,
    isUserId,
    "must be a user name: not empty, no colon, no control characters",
    problems,
  );
  const secret = readText(password, isPrintable, "must be a password: not empty, no control characters", problems);
  return name === undefined || secret === undefined ? undefined : { username: name, password: secret };
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

function isGiven({ value }: Place): boolean {
  return value !== undefined;
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
