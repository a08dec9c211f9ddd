const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connect",
  EHOSTUNREACH: "connect",
  ENETUNREACH: "connect",
  ETIMEDOUT: "connect",
  ENOTFOUND: "connect",
  EAI_AGAIN: "connect",
  UND_ERR_CONNECT_TIMEOUT: "connect",
  ECONNRESET: "disconnected",
  EPIPE: "disconnected",
  UND_ERR_SOCKET: "disconnected",
  "408": "disconnected",
  "429": "429",
  "502": "502",
  "503": "503",
  "504": "504",
};

/** Why an attempt had a further one, by the code that it shows. One of few words: it becomes a label. */
export function retryReason(code: string): string {
  if (Object.hasOwn(reasons, code)) return reasons[code] ?? "other";
  return /CERT|SSL|TLS|SIGNATURE|ISSUER/.test(code) ? "tls" : "other";
}
