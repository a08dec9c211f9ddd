import { readFileSync } from "node:fs";
import { authorizationHeader } from "@rollcall/core/access";
import {
  type Auth,
  type AuthConfig,
  type ClusterConfig,
  contentOfFile,
  parseSecretFile,
  type RedisConfig,
  type SecretConfig,
  type TlsConfig,
  type ViewPlace,
} from "@rollcall/core/config";

/** Shorter texts would be found in everything. */
const shortest = 4;

/**
 * Every secret of a configuration, in each form in which it could be written, the longest first. No part of a bundle
 * should hold one; a text that does all the same is redacted by these.
 */
export function secretsOf({ redis, ...view }: ViewPlace, config: ClusterConfig | undefined): readonly string[] {
  const reached = [...(config?.seeds ?? []), ...(config?.proxy === undefined ? [] : [config.proxy])];
  const auths = [config?.defaultAuth, ...reached.map(({ auth }) => auth)].flatMap(valuesOf);
  const keys = [config?.tls, ...reached.map(({ tls }) => tls)].map(keyOf);
  const found = [
    ...auths.flatMap(secretsOfAuth),
    ...keys.filter((key) => key !== undefined),
    ...Object.values(config?.headers ?? {}),
    ...secretsOfRedis(redis),
    ...secretsOfView(view),
  ];
  const forms = found.flatMap((secret) => [secret, encodeURIComponent(secret)]);
  return [...new Set(forms)].filter(({ length }) => length >= shortest).sort((a, b) => b.length - a.length);
}

/** The credential as it is now; none of a function, and of a file that cannot be read. */
function valuesOf(auth: AuthConfig | undefined): readonly Auth[] {
  if (auth === undefined || typeof auth === "function") return [];
  try {
    if ("passwordFile" in auth) return [{ username: auth.username, password: secretIn(auth.passwordFile) }];
    if ("apiKeyFile" in auth) return [{ apiKey: secretIn(auth.apiKeyFile) }];
    if ("bearerFile" in auth) return [{ bearer: secretIn(auth.bearerFile) }];
  } catch {
    return [];
  }
  return [auth];
}

function secretsOfView({ secret, secretFile }: SecretConfig): readonly string[] {
  if (secret !== undefined || secretFile === undefined) return secret ?? [];
  try {
    const parsed = parseSecretFile(readFileSync(secretFile, "utf8"));
    return "secrets" in parsed ? parsed.secrets : [];
  } catch {
    return [];
  }
}

function keyOf(tls: TlsConfig | undefined): string | undefined {
  if (tls?.keyFile === undefined) return tls?.key;
  try {
    return readFileSync(tls.keyFile, "latin1");
  } catch {
    return undefined;
  }
}

function secretIn(file: string): string {
  return contentOfFile(readFileSync(file, "utf8"));
}

function secretsOfAuth(auth: Auth): readonly string[] {
  const header = authorizationHeader(auth);
  const { username: _, ...secrets } = auth as Readonly<Record<string, string>>;
  return [...Object.values(secrets), header, header.slice(header.indexOf(" ") + 1)];
}

function secretsOfRedis(redis: RedisConfig): readonly string[] {
  if (redis.kind === "url") return secretsOfUrl(redis.url);
  const ofFile = passwordOf(redis);
  if (redis.kind === "options") return [...ofFile, ...secretsOfOptions(redis.options)];
  return [
    ...ofFile,
    ...redis.nodes.flatMap((node) => (typeof node === "string" ? secretsOfUrl(node) : [])),
    ...secretsOfOptions(redis.options),
  ];
}

/** None of a function, and of a file that cannot be read. */
function passwordOf({ password }: Exclude<RedisConfig, { readonly kind: "url" }>): readonly string[] {
  if (password?.kind !== "file") return [];
  try {
    return [secretIn(password.path)];
  } catch {
    return [];
  }
}

/** ioredis takes a password in the query too. */
function secretsOfUrl(url: string): readonly string[] {
  const { password, searchParams } = new URL(url);
  return [password, decodeURIComponent(password), ...[...searchParams.values()]].filter((text) => text !== "");
}

/** `password`, `sentinelPassword`, and those of `redisOptions` and `tls`. */
function secretsOfOptions(options: object): readonly string[] {
  return Object.entries(options).flatMap(([name, value]: [string, unknown]) => {
    if (typeof value === "object" && value !== null) return secretsOfOptions(value);
    return typeof value === "string" && /pass|key|secret|token/i.test(name) ? [value] : [];
  });
}
