// Options that are refused, and what is wrong with them.

const url = "must be a URL that begins with http:// or https://, without spaces or backslashes";
const kinds = "give one of { username, password }, { apiKey } and { bearer }";
const userName = "must be a user name: not empty, no colon, no control characters";
const password = "must be a password, without control characters; an empty one is given as an empty string";
const file = "must be the name of a file: an absolute path or a file URL";
export const cloudId = "must be a cloud id as Elastic's console shows it: name:base64";
const pem = "must be PEM text or bytes with a certificate, not a file name";
const host = 'must be a host name, a suffix such as ".example.com", an address, or a range such as "10.0.0.0/8"';
const digest = "must be a SHA-256 fingerprint: 64 hexadecimal digits, with a colon between all pairs or none";
const alone = "must not be given without `redis`: a view that is not shared is published by its own process";
const twoKinds = "has two kinds of credential, in its URL and in `auth`; give one";
const plainHttp = "has `tls`, but its URL is http:";
const noKey = "has `cert` without `key`; each needs the other";
const noCert = "has `key` without `cert`; each needs the other";
const credential = "is a credential, which belongs in `auth`";
const header = "must be text of at most 8192 characters, of one byte each, on one line";
const redisUrl = "must be a URL that begins with redis:// or rediss://, without spaces or backslashes";
const proxyUrl = "must be a URL that begins with http:// or https://, of user, password, host and port alone";
const noCloud = "use `cloudId`";
const module = "must be a function, or the URL or the absolute path of a module that exports one by default";
const skipsAnd = (name: string) => `true: must not be given together with \`${name}\`, which says what to verify`;
const checked = "certificates are checked: `tls.ca` or `tls.caFingerprint` says what to trust";
const noAt = "must have no @ after its host; in a password, / is %2F, ? is %3F and @ is %40";
const list = "must be a list of 1 to 64 URLs or { host, port }";
const match = "must have `roles`, `attributes` or both";
const listed = "must be text, as the cluster's list of nodes has it";
const compressionForms = "must be true, false, or an object of `requests`, `responses` and `aboveBytes`";
export const token = "must be a token: visible ASCII characters, without spaces";
export const viewName = "must be 1 to 64 letters, digits, dots, dashes and underscores, the first a letter or digit";
export const redisForms =
  "must be a URL as text, an object of ioredis' options, { cluster, options }, or a client of ioredis";

export const certificate = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
export const privateKey = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
const cert = JSON.stringify(certificate);
const key = JSON.stringify(privateKey);

/** `options  => problem`, with each further problem on a line below. The nodes are good unless a row has its own. */
export const refusedOptions = String.raw`
conections: {}  => conections: unknown option; did you mean connections?
node: "x", requestTimeout: 1  => node: unknown option; use ${"`nodes`"}
  => requestTimeout: unknown option; use ${"`timeoutMs`"}
maxRetries: 1, sniffOnStart: true  => maxRetries: unknown option; use ${"`retry`"}
  => sniffOnStart: unknown option; use ${"`discovery`"}
sign: 7  => sign = 7: ${module}
sign: "sign.js"  => sign = "sign.js": ${module}
sign: {}  => sign = an object: ${module}
sign: "/s.js", auth: { bearer: "t" }  => sign: must not be given together with auth: requests are signed instead
sign: "/s.js", nodes: ["http://a:1", "http://u:p@b:1"]  => sign: must not be given together with the credential of nodes[1]: requests are signed instead
agent: 1, ssl: 1  => agent: unknown option; use ${"`connections`"}
  => ssl: unknown option; use ${"`tls`"}
cloud: {}  => cloud: unknown option; ${noCloud}
"https://u:p@es1": 1  => options["https://[redacted]@es1"]: unknown option

discovery: { source: "cluster" }  => discovery.source = "cluster": must be "sniff" or "dns"
discovery: { source: "dns", addressMap: { a: "b" } }
  => discovery.addressMap: must not be given with ${'`source: "dns"`'}: no list is read
discovery: { source: "dns" }, proxy: "http://proxy"
  => discovery.source: must not be "dns" with ${"`proxy`"}, which looks names up itself
nodes: ["http://10.0.0.1:9200", "http://[::1]:9200"], discovery: { source: "dns" }
  => discovery.source: must not be "dns" where ${"`nodes`"} has addresses alone: there is no name to look up

proxy: 7  => proxy = 7: ${proxyUrl}
proxy: "proxy:3128"  => proxy = "proxy:3128": ${proxyUrl}
proxy: "http://u:secret@proxy:3128/path"  => proxy = "http://[redacted]@proxy:3128/path": ${proxyUrl}
proxy: "socks5://proxy"  => proxy = "socks5://proxy": ${proxyUrl}
proxy: "http://proxy:0"  => proxy = "http://proxy:0": must have a port from 1 to 65535
proxy: "http://u:50%@proxy"
  => proxy = "http://[redacted]@proxy": must have its user and password percent-encoded; % itself is %25
proxy: { url: "http://u:p@proxy", auth: { bearer: "t" }, tls: {} }
  => proxy: ${twoKinds}
  => proxy: ${plainHttp}
proxy: { url: "https://proxy", auth: { apiKey: "abc" }, timeout: 1 }
  => proxy.timeout: unknown option
  => proxy.auth: must be { username, password } or { bearer }: no proxy takes an API key

nodes: []  => nodes: is empty; it must name 1 to 1024 URLs or { url, auth, tls }
nodes: "https://u:p@es1"
  => nodes = "https://[redacted]@es1": must be a list of 1 to 1024 URLs or { url, auth, tls }
nodes: [7]  => nodes[0] = 7: must be a URL, or { url, auth, tls }
nodes: [{}]  => nodes[0].url is missing: ${url}
nodes: [{ url: "https://es1", user: "u" }]  => nodes[0].user: unknown option; use ${"`auth`"}
nodes: [{ url: "https://es1", auth: { user: "u", password: "p" } }]
  => nodes[0].auth.user: unknown option; use ${"`auth.username`"}
  => nodes[0].auth.username is missing: ${userName}
nodes: ["es1:9200"]  => nodes[0] = "es1:9200": ${url}
nodes: ["ftp://es1"]  => nodes[0] = "ftp://es1": ${url}
nodes: ["https:es1"]  => nodes[0] = "https:es1": ${url}
nodes: ["https://es1\n"]  => nodes[0] = "https://es1\n": ${url}
nodes: ["https://es1:99999"]  => nodes[0] = "https://es1:99999": ${url}
nodes: ["https://u:secret", "http://u:s3/c"]
  => nodes[0] = "https://u:[redacted]": ${url}
  => nodes[1] = "http://u:[redacted]": ${url}
nodes: ["https://es1:0"]  => nodes[0] = "https://es1:0": must have a port from 1 to 65535
nodes: ["https://*.example.com"]  => nodes[0] = "https://*.example.com": must have a host name or an address
nodes: ["https://es1?x=1", "https://es2#x"]
  => nodes[0] = "https://es1?x=1": must have no query and no fragment; in a password, ? is %3F and # is %23
  => nodes[1] = "https://es2#x": must have no query and no fragment; in a password, ? is %3F and # is %23
nodes: ["https://u:1/secret@es1"]
  => nodes[0] = "https://[redacted]@es1": must have no @ in its path; in a password, / is %2F and @ is %40
nodes: ["https://u:50%@es1"]
  => nodes[0] = "https://[redacted]@es1": must have its user and password percent-encoded; % itself is %25
nodes: ["https://token@es1"]
  => nodes[0] = "https://[redacted]@es1": must have a password beside its user; an empty one is given in ${"`auth`"}
nodes: [{ url: "https://:p@es1" }]  => nodes[0].url.username = [redacted]: ${userName}
nodes: ["https://a%3Ab:p@es1"]  => nodes[0].username = [redacted]: ${userName}
nodes: [{ url: "https://u:p@es1", auth: { bearer: "t" } }]
  => nodes[0]: ${twoKinds}
nodes: [{ url: "http://es1", tls: { ca: ${cert} } }]  => nodes[0]: ${plainHttp}
nodes: ["https://es1:9200", "https://es2", "http://ES1:9200"]
  => nodes[2]: has the host and port of nodes[0], but other settings
nodes: ["https://es1", "https://u:p@es1", "https://es1/es"]
  => nodes[1]: has the host and port of nodes[0], but other settings
  => nodes[2]: has the host and port of nodes[0], but other settings

auth: "u:p"  => auth = [redacted]: must be an object
auth: {}  => auth: names no credential; ${kinds}
auth: { username: "u", password: "p", bearer: "t" }
  => auth: names 2 kinds of credential (username and password, bearer); ${kinds}
auth: { username: "u" }  => auth.password is missing: ${password}
auth: { username: "", password: "" }
  => auth.username = [redacted]: ${userName}
auth: { username: "a:b", password: "p" }  => auth.username = [redacted]: ${userName}
auth: { username: "u", password: "p\n" }  => auth.password = [redacted]: ${password}
auth: { user: "u", password: "p" }  => auth.user: unknown option; use ${"`auth.username`"}
  => auth.username is missing: ${userName}
auth: { apiKey: "id:key" }
  => auth.apiKey = [redacted]: must be the encoded key (base64, so without a colon), or { id, key }
auth: { apiKey: { id: "i" } }  => auth.apiKey.key is missing: must be the key: not empty, no control characters
auth: { username: "u", password: "p", passwordFile: "/p" }  => auth: has ${"`password` and `passwordFile`"}; give one
auth: { passwordFile: "/p" }  => auth.username is missing: ${userName}
auth: { username: "u", passwordFile: "p", bearerFile: "/t" }
  => auth: names 2 kinds of credential (username and password, bearerFile); ${kinds}
auth: { apiKey: "aTpr", apiKeyFile: "/k" }  => auth: names 2 kinds of credential (apiKey, apiKeyFile); ${kinds}
auth: { apiKeyFile: "./key" }  => auth.apiKeyFile = [redacted]: ${file}
auth: { bearerFile: 7 }  => auth.bearerFile = [redacted]: ${file}
auth: { username: "u", passwordFile: "https://es1/p" }  => auth.passwordFile = [redacted]: ${file}
cloudId: "x:YQ=="  => cloudId: is given together with ${"`nodes`"}; give one
  => cloudId = [redacted]: ${cloudId}
auth: { bearer: "Bearer t" }  => auth.bearer = [redacted]: ${token}
auth: { bearer: "t\u0000" }  => auth.bearer = [redacted]: ${token}

tls: ${key}  => tls = [redacted]: must be an object
tls: { ca: "/etc/ca.pem" }  => tls.ca = [redacted]: ${pem}
tls: { ca: [] }  => tls.ca = [redacted]: must be PEM, or a list of 1 to 256 PEM
tls: { ca: [${cert}, 1] }  => tls.ca[1] = [redacted]: ${pem}
tls: { cert: ${cert} }  => tls: ${noKey}
tls: { key: ${key} }  => tls: ${noCert}
tls: { cert: ${cert}, key: "-----BEGIN ENCRYPTED PRIVATE KEY-----" }
  => tls.key: is encrypted; give the key without its passphrase
tls: { ca: ${cert}, caFile: "/ca.pem" }  => tls: has two of one kind, ${"`ca` and `caFile`"}; give one
tls: { certFile: "/cert.pem" }  => tls: has ${"`certFile` without `keyFile`"}; each needs the other
tls: { caFile: "ca.pem" }  => tls.caFile = "ca.pem": must be the name of a file: an absolute path or a file URL
proxy: { url: "https://proxy", tls: { caFile: "/ca.pem" } }
  => proxy: has files in ${"`tls`; give their content as `ca`, `cert` and `key`"}
tls: { caFingerprint: "AB:CD" }  => tls.caFingerprint = "AB:CD": ${digest}
tls: { serverName: "10.0.0.1" }
  => tls.serverName = "10.0.0.1": must be a host name; SNI has no place for an address (RFC 6066)
tls: { unsafeSkipVerification: "yes" }  => tls.unsafeSkipVerification = "yes": must be true or false
tls: { unsafeSkipVerification: true, ca: ${cert} }  => tls.unsafeSkipVerification = ${skipsAnd("ca")}
tls: { unsafeSkipVerification: true, caFile: "/ca.pem" }  => tls.unsafeSkipVerification = ${skipsAnd("caFile")}
nodes: [{ url: "https://es1", tls: { unsafeSkipVerification: true, caFingerprint: "${"ab".repeat(32)}" } }]
  => nodes[0].tls.unsafeSkipVerification = ${skipsAnd("caFingerprint")}
proxy: { url: "https://proxy", tls: { unsafeSkipVerification: true } }
  => proxy: has ${"`unsafeSkipVerification` in `tls`"}, which is for nodes alone; give ${"`ca`"}
tls: { rejectUnauthorized: false }  => tls.rejectUnauthorized: unknown option; ${checked}

headers: ["a"]  => headers = [redacted]: must be an object of at most 64 names and values
headers: { Authorization: "x" }  => headers.Authorization: ${credential}
headers: { host: "x" }  => headers.host: is decided by the connection
headers: { "Content-Length": "1" }  => headers["Content-Length"]: is decided by each request's body
headers: { "Transfer-Encoding": "x" }  => headers["Transfer-Encoding"]: is decided by the connection
headers: { "X-HTTP-Method-Override": "DELETE" }
  => headers["X-HTTP-Method-Override"]: would change the method of every request, those of discovery included
headers: { "a b": "x" }  => headers["a b"]: is not a header name
headers: { a: "x\r\nb: y", c: 1, d: "☃" }
  => headers.a = [redacted]: ${header}
  => headers.c = [redacted]: ${header}
  => headers.d = [redacted]: ${header}
headers: { "x-a": "1", "X-A": "2" }  => headers["X-A"]: is given twice; case makes no difference

selection: "data"  => selection = "data": must be an object
selection: { not: {} }  => selection.not: unknown option
selection: { only: "data" }  => selection.only = "data": must be an object
selection: { only: [] }  => selection.only: is empty; it must name 1 to 16 matches
selection: { except: {} }  => selection.except: ${match}
selection: { prefer: [{ zone: "a" }] }  => selection.prefer[0].zone: unknown option
  => selection.prefer[0]: ${match}
selection: { only: { roles: [] } }  => selection.only.roles: is empty; it must name 1 to 64 roles
selection: { only: { roles: ["data", 7] } }  => selection.only.roles[1] = 7: ${listed}
selection: { only: { roles: "" } }  => selection.only.roles = "": ${listed}
selection: { only: { attributes: { zone: null } } }  => selection.only.attributes.zone = null: ${listed}
selection: { only: { attributes: {} } }
  => selection.only.attributes = an object: must be an object of 1 to 64 attributes and their values
selection: { prefer: { roles: "ml" } }, discovery: false
  => selection: needs the cluster's list of nodes, which is not read: ${"`discovery`"} is false
nodes: ["https://gateway/es"], selection: { prefer: { roles: "ml" } }
  => selection: needs the cluster's list of nodes, which is not read: https://gateway:443/es has a path, as a gateway has
filter: {}  => filter: unknown option; use ${"`selection`"}

discovery: true  => discovery = true: must be an object
discovery: { interval: 1 }  => discovery.interval: unknown option; did you mean intervalMs?
discovery: { intervalMs: 999 }  => discovery.intervalMs = 999: must be a whole number from 1000 to 86400000
discovery: { addressMap: { "a:b:c": "x" } }
  => discovery.addressMap["a:b:c"]: the name must be host:port or host
discovery: { addressMap: { es1: "http://x" } }
  => discovery.addressMap.es1 = "http://x": must be host:port or host
discovery: { addressMap: { es1: "x:0" } }  => discovery.addressMap.es1 = "x:0": must be host:port or host
discovery: { addressMap: { es1: "x", ES1: "y" } }  => discovery.addressMap.ES1: is given twice
discovery: { allow: { hosts: ["*.example.com", "10.1.2.3/8", "10.0.0.0/33", "es1:9200", "."] } }
  => discovery.allow.hosts[0] = "*.example.com": ${host}
  => discovery.allow.hosts[1] = "10.1.2.3/8": ${host}
  => discovery.allow.hosts[2] = "10.0.0.0/33": ${host}
  => discovery.allow.hosts[3] = "es1:9200": ${host}
  => discovery.allow.hosts[4] = ".": ${host}
discovery: { allow: { ports: [0, "9200"] } }
  => discovery.allow.ports[0] = 0: must be a whole number from 1 to 65535
  => discovery.allow.ports[1] = "9200": must be a whole number from 1 to 65535
discovery: { clusterUuid: "_na_" }
  => discovery.clusterUuid = "_na_": must be a cluster_uuid, as GET / shows it

name: "a b"  => name = "a b": ${viewName}
threads: 65  => threads = 65: must be a whole number from 0 to 64
threads: "2"  => threads = "2": must be a whole number from 0 to 64
threadEntry: "./rollcall-thread.js"  => threadEntry = "./rollcall-thread.js": must be a file URL or an absolute path
threadEntry: "https://cdn/thread.js"  => threadEntry = "https://cdn/thread.js": must be a file URL or an absolute path
threadEntry: true  => threadEntry = true: must be a file URL or an absolute path
timeoutMs: "${"x".repeat(500)}"
  => timeoutMs = "${"x".repeat(80)}…": must be a whole number from 1 to 86400000
timeoutMs: null, queue: { perThread: -1, adaptive: "on" }, retry: { max: 1.5 }
  => timeoutMs = null: must be a whole number from 1 to 86400000
  => queue.perThread = -1: must be a whole number from 0 to 1048576
  => queue.adaptive = "on": must be true or false
  => retry.max = 1.5: must be a whole number from 1 to 20
connections: { perNode: "8", idleMs: 0, maxAgeMs: null }
  => connections.perNode = "8": must be a whole number from 1 to 4096
  => connections.idleMs = 0: must be a whole number from 100 to 600000
  => connections.maxAgeMs = null: must be a whole number from 1000 to 86400000
connections: { perNode: 8, opening: 9 }
  => connections.opening = 9: must be at most 8, which is connections.perNode
retry: true  => retry = true: must be an object
hedge: "yes"  => hedge = "yes": must be true, false, or { extraWork }
hedge: { extraWork: 0.5 }  => hedge.extraWork = 0.5: must be a number from 0.001 to 0.2
hedge: { extraWork: 0 }  => hedge.extraWork = 0: must be a number from 0.001 to 0.2
hedge: { extrawork: 0.1 }  => hedge.extrawork: unknown option; did you mean extraWork?
hedge: true, retry: false  => hedge: must not be given with ${"`retry: false`"}, which sends each request once
hedge: true, sign: "/s.js"  => hedge: must not be given together with ${"`sign`"}: a hedge would have no signature

compression: "gzip"  => compression = "gzip": ${compressionForms}
compression: null, suggestCompression: true
  => suggestCompression: unknown option; use ${"`compression`"}
  => compression = null: ${compressionForms}
compression: { request: true, responses: 1 }
  => compression.request: unknown option; did you mean requests?
  => compression.responses = 1: must be true or false
compression: { requests: true, aboveBytes: -1 }
  => compression.aboveBytes = -1: must be a whole number from 0 to 1073741824
compression: { aboveBytes: 1 }
  => compression.aboveBytes = 1: must not be given without ${"`compression.requests: true`"}, which it belongs to

redis: "redis://r"  => name is missing: ${viewName}
redis: "redis://r", name: "a/b"  => name = "a/b": ${viewName}
coordinator: "candidate"  => coordinator = "candidate": ${alone}
coordinator: true  => coordinator = true: must be "candidate" or "external"
redis: "redis://r", name: "logs", coordinator: "leader"
  => coordinator = "leader": must be "candidate" or "external"
`;

/** `redis, as JSON  => problem`, as above. The other options of a shared view are good. */
export const refusedRedis = `
"localhost:6379"  => redis = [redacted]: ${redisUrl}
"http://r"  => redis = [redacted]: ${redisUrl}
"redis://:pa ss@r"  => redis = [redacted]: ${redisUrl}
"redis://r:99999"  => redis = [redacted]: ${redisUrl}
"redis://:a#b@r"  => redis = [redacted]: ${redisUrl}
"redis://r:0"  => redis = [redacted]: must have a port from 1 to 65535
"redis:///0"  => redis = [redacted]: must have a host name or an address
"redis://r/0#x"  => redis = [redacted]: must have no fragment; in a password, # is %23
"redis://u:1/secret@r"  => redis = [redacted]: ${noAt}
"redis://u:1?secret@r"  => redis = [redacted]: ${noAt}
"redis://r/logs"  => redis = [redacted]: must have nothing in its path but the number of a database
"redis://u:50%@r"  => redis = [redacted]: must have its user and password percent-encoded; % itself is %25
7  => redis = [redacted]: ${redisForms}
null  => redis = [redacted]: ${redisForms}
["redis://r"]  => redis = [redacted]: ${redisForms}
{ cluster: "redis://r" }  => redis.cluster = [redacted]: ${list}
{ cluster: [] }  => redis.cluster: is empty; it must name 1 to 64 URLs or { host, port }
{ cluster: [${Array(65).fill('"redis://r"')}] }  => redis.cluster = [redacted]: ${list}
{ cluster: ["r", 7, {}, { host: "a/b", port: 0 }], option: {} }
  => redis.option: unknown option; did you mean options?
  => redis.cluster[0] = [redacted]: ${redisUrl}
  => redis.cluster[1] = [redacted]: must be a URL as text, or { host, port }
  => redis.cluster[2].host is missing: must be a host name or an address
  => redis.cluster[3].host = [redacted]: must be a host name or an address
  => redis.cluster[3].port = [redacted]: must be a whole number from 1 to 65535
{ cluster: ["redis://r"], options: "x" }
  => redis.options = [redacted]: must be an object of ioredis' options for a cluster
`;
