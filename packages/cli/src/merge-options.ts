import { isFields, type OptionFields } from "./config-file.js";

/** Options whose parts may come from both: a flag replaces one part of what the file says. */
const inParts = ["auth", "tls", "discovery"];
/** Kinds of a credential: one that a flag names takes the place of another in the file. */
const kinds: Readonly<Record<string, string>> = {
  username: "basic",
  password: "basic",
  passwordFile: "basic",
  apiKeyFile: "apiKey",
  bearerFile: "bearer",
};
/** Where a secret or a certificate stands: one place takes that of the other. */
const places: Readonly<Record<string, string>> = {
  passwordFile: "password",
  apiKeyFile: "apiKey",
  bearerFile: "bearer",
  caFile: "ca",
  certFile: "cert",
  keyFile: "key",
};

/**
 * The options of a file with those of flags, which win. `isFromFile` says where a problem's option came from, by the path
 * that the problem begins with, such as `discovery.intervalMs`.
 */
export function mergeOptions(
  file: OptionFields,
  flags: OptionFields,
): { options: OptionFields; isFromFile(problem: string): boolean } {
  const options: Record<string, unknown> = { ...file };
  if (isGiven(flags.secret) || isGiven(flags.secretFile)) {
    delete options.secret;
    delete options.secretFile;
  }
  for (const [name, value] of Object.entries(flags)) {
    if (!isGiven(value)) continue;
    const before = options[name];
    options[name] =
      inParts.includes(name) && isFields(value) ? { ...kept(name, before, value), ...given(value) } : value;
  }
  return {
    options,
    isFromFile(problem) {
      const [, name = "", part] = /^(\w+)(?:\.(\w+))?/.exec(problem) ?? [];
      const flag = flags[name];
      if (file[name] === undefined) return isUnknown(problem);
      if (!isGiven(flag)) return true;
      return part !== undefined && isFields(flag) && !isGiven(flag[part]);
    },
  };
}

/** What stays of the file's option beside the given parts. */
function kept(name: string, before: unknown, flag: OptionFields): OptionFields {
  if (!isFields(before)) return {};
  const kindOf = (part: string) => kinds[part] ?? part;
  const placeOf = (part: string) => places[part] ?? part;
  const names = Object.keys(given(flag));
  const wanted = names.map(kindOf);
  const replaced = names.map(placeOf);
  const stays = (part: string) => name !== "auth" || wanted.includes(kindOf(part));
  return Object.fromEntries(
    Object.entries(before).filter(([part]) => stays(part) && !replaced.includes(placeOf(part))),
  );
}

function given(fields: OptionFields): OptionFields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => isGiven(value)));
}

/** An object without a given part is not given. */
function isGiven(value: unknown): boolean {
  if (value === undefined) return false;
  return !isFields(value) || Object.values(value).some(isGiven);
}

/** No flag stands for an option that does not exist. */
function isUnknown(problem: string): boolean {
  return /: unknown option/.test(problem);
}
