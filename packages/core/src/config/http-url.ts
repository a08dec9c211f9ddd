import { present } from "../present.js";
import { bounds } from "./defaults.js";
import { hostOf } from "./host-text.js";
import type { Auth } from "./options.js";
import { type Place, type Problems, placeIn } from "./problems.js";
import { readBasic } from "./read-auth.js";

/** What an http or https URL says, before any of it is judged. */
export interface HttpUrl {
  readonly url: URL;
  /** As it was written. */
  readonly text: string;
  readonly scheme: "http" | "https";
  /** Undefined where it is none. */
  readonly host: string | undefined;
  /** The scheme's own where the URL gives none. */
  readonly port: number;
}

/** Undefined for what does not begin with http:// or https://, has spaces or backslashes, or is no URL. */
export function parseHttpUrl({ value }: Place): HttpUrl | undefined {
  const text = value instanceof URL ? value.href : value;
  if (
    typeof text !== "string" ||
    text.length > bounds.urlCharacters.max ||
    !/^https?:\/\/[^\s\\]+$/i.test(text) ||
    !URL.canParse(text)
  ) {
    return undefined;
  }
  const url = new URL(text);
  const scheme = url.protocol === "https:" ? "https" : "http";
  const port = url.port === "" ? { http: 80, https: 443 }[scheme] : Number(url.port);
  return { url, text, scheme, host: hostOf(url), port };
}

/** The user and password in a URL, which may be none. */
export function readUserinfo(place: Place, { username, password }: URL, problems: Problems): { readonly auth?: Auth } {
  if (username === "" && password === "") return {};
  const within = { ...place, secret: true };
  try {
    const auth = readBasic(
      placeIn(within, "username", decodeURIComponent(username)),
      placeIn(within, "password", decodeURIComponent(password)),
      problems,
    );
    return present({ auth });
  } catch {
    problems.add(place, "must have its user and password percent-encoded; % itself is %25");
    return {};
  }
}

/** Remarks on what an entry gives beside its URL, and the URL forbids. */
export function refuseBesideUrl(
  path: string,
  url: { readonly scheme: "http" | "https"; readonly auth?: unknown },
  fields: { readonly auth: Place; readonly tls: Place },
  problems: Problems,
): void {
  if (url.auth !== undefined && fields.auth.value !== undefined) {
    problems.remark(path, "has two kinds of credential, in its URL and in `auth`; give one");
  }
  if (url.scheme === "http" && fields.tls.value !== undefined) {
    problems.remark(path, "has `tls`, but its URL is http:");
  }
}
