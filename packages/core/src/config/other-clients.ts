type Names = Readonly<Record<string, string>>;

/**
 * The names that the official clients, undici, ioredis and Node have for what an option here is, by the part of the
 * options in which they may stand: "" the options themselves, `nodes[]` one of the nodes.
 */
const names: Readonly<Record<string, Names>> = {
  "": {
    nodes: "node host hosts url urls uri endpoint endpoints",
    timeoutMs: "timeout requestTimeout",
    retry: "maxRetries retries retryOnTimeout retryBackoff retryOnStatus",
    discovery: "sniff sniffOnStart sniffInterval sniffEndpoint sniffOnConnectionFault sniffOnNodeFailure",
    tls: "ssl ca cert key",
    "tls.serverName": "servername",
    "tls.caFingerprint": "caFingerprint",
    auth: "username user password pass apiKey bearer token credentials",
    connections: "agent maxSockets keepAlive keepAliveTimeout",
    maxResponseBytes: "maxResponseSize",
    compression: "suggestCompression compress gzip acceptEncoding",
    logger: "log",
    redis: "redisUrl redisOptions sentinels cluster",
    threads: "workers maxThreads minThreads poolSize",
    selection: "filter nodeFilter nodeSelector selector",
  },
  "nodes[]": {
    url: "host hostname port protocol path node",
    auth: "username password user pass apiKey",
    tls: "ssl agent",
  },
  auth: { username: "user login", password: "pass passwd pwd", bearer: "token accessToken", apiKey: "api_key" },
  tls: { serverName: "servername", caFingerprint: "fingerprint fingerprint256" },
  connections: { perNode: "max maxSockets maxConnections", idleMs: "keepAlive keepAliveTimeout keepAliveMsecs" },
  discovery: { intervalMs: "sniffInterval", allow: "hosts ports" },
  retry: { max: "maxRetries retries attempts limit" },
  bulk: {
    operation: "onDocument",
    chunkBytes: "flushBytes",
    chunkItems: "batchSize chunkSize",
    flushAfterMs: "flushInterval",
    retries: "maxRetries",
    onFailed: "onDrop",
    onProgress: "onFlush onSuccess",
    query: "pipeline refresh refreshOnCompletion routing",
    timeoutMs: "timeout requestTimeout",
  },
  scroll: {
    keepAliveMs: "scroll keepAlive",
    body: "query sort",
    size: "batchSize",
    timeoutMs: "timeout requestTimeout",
  },
  pit: {
    keepAliveMs: "keep_alive keepAlive",
    body: "query sort",
    size: "batchSize",
    timeoutMs: "timeout requestTimeout",
  },
};

const checked = "certificates are checked: `tls.ca` or `tls.caFingerprint` says what to trust";
const byItself = "the pool does it by itself";

/** What no option here stands for, and why. */
const reasons: Readonly<Record<string, Names>> = {
  "": {
    cloud: "use `cloudId`",
    nodeFilter: "every listed node that may be sent credentials is used: see `discovery.allow`",
    nodeSelector: `nodes are chosen by what they answer: ${byItself}`,
    selector: `nodes are chosen by what they answer: ${byItself}`,
    resurrectStrategy: `a node that failed is probed until it answers: ${byItself}`,
    pingTimeout: `a node that failed is probed until it answers: ${byItself}`,
    rejectUnauthorized: checked,
    pipelining: "a connection has one request at a time",
    opaqueIdPrefix: "use `opaqueId` of a request",
    generateRequestId: "use `opaqueId` of a request",
  },
  "nodes[]": { headers: "`headers` is an option of the pool, for all nodes", roles: byItself, id: byItself },
  tls: {
    rejectUnauthorized: checked,
    checkServerIdentity: checked,
    passphrase: "`tls.key` must be unencrypted",
    pfx: "use `tls.cert` and `tls.key`",
  },
  connections: { pipelining: "a connection has one request at a time" },
  discovery: { enabled: "`discovery: false` switches it off" },
};

const hints = new Map<string, { readonly text: string; readonly option?: string }>();
for (const [part, byOption] of Object.entries(names)) {
  for (const [option, others] of Object.entries(byOption)) {
    const place = part === "" || part.endsWith("[]") ? option : `${part}.${option}`;
    for (const other of others.split(" ")) hints.set(`${part} ${other}`, { text: `use \`${place}\``, option });
  }
}
for (const [part, byName] of Object.entries(reasons)) {
  for (const [name, reason] of Object.entries(byName)) hints.set(`${part} ${name}`, { text: reason });
}

/**
 * What takes the place of an option of another client, in words; undefined where the name is not one.
 *
 * @param path of the object that has it, such as `nodes[1].auth`
 * @param known the options of that object
 */
export function hintForOther(path: string, name: string, known: readonly string[]): string | undefined {
  // The credential and TLS of a node are those of a cluster.
  const part = path.replace(/\[\d+\]/g, "[]").replace(/^nodes\[\]\.(?=auth$|tls$)/, "");
  const hint = hints.get(`${part} ${name}`);
  const isKnown = hint?.option === undefined || known.includes(hint.option.split(".")[0] ?? "");
  return isKnown ? hint?.text : undefined;
}
