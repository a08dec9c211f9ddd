import { present } from "@rollcall/core";

/**
 * Options for ioredis that say that certificates are checked, where TLS is used and the options do not decide it
 * themselves. Left unsaid, NODE_TLS_REJECT_UNAUTHORIZED in the environment would decide.
 */
export function withCheckedTls<Options extends object>(options: Options): Options {
  const { tls, sentinelTLS } = options as { readonly tls?: unknown; readonly sentinelTLS?: unknown };
  return { ...options, ...present({ tls: checked(tls), sentinelTLS: checked(sentinelTLS) }) };
}

/** `true` stands for TLS with nothing further said. */
function checked(tls: unknown): object | undefined {
  if (tls === undefined || tls === null || tls === false) return undefined;
  return { rejectUnauthorized: true, ...(typeof tls === "object" ? tls : {}) };
}
