import type { Call } from "./call.js";

const search = { method: "POST", path: "/clients-a/_search" } as const;
const document = { method: "POST", path: "/clients-a/_doc", querystring: { refresh: "true" } } as const;

/** What a call may say by the transport's own fields and options. */
export const transportCalls: readonly Call[] = [
  { name: "a path without a slash", request: { method: "GET", path: "_cluster/settings" } },
  { name: "a query as an object", request: { ...search, querystring: { size: 0, q: "a b", list: ["a", "b"] } } },
  { name: "a query as text", request: { ...search, querystring: "size=0" } },
  { name: "a query of the options", request: search, options: { querystring: { size: 0 } } },
  { name: "both", request: { ...search, querystring: { size: 1 } }, options: { querystring: { size: 0, from: 0 } } },
  { name: "a path with a query", request: { method: "GET", path: "/clients-a/_search?size=0" } },
  {
    ...{ name: "a path with a query, and a query" },
    request: { method: "GET", path: "/clients-a/_search?size=0", querystring: { from: 0 } },
  },
  { name: "a path that Node refuses", request: { method: "GET", path: "/clients a/_search" } },
  { name: "a path beyond ASCII", request: { method: "GET", path: "/clients-€/_search" } },
  { name: "a body as an object", request: { ...search, body: { size: 0 } } },
  {
    name: "a body as text",
    request: { ...search, body: '{"size":0}' },
    options: { headers: { "content-type": "application/json" } },
  },
  { name: "an empty body", request: { ...search, body: "" } },
  {
    name: "a body as a stream",
    request: { ...search, body: '{"size":0}' },
    isStreamed: true,
    options: { headers: { "content-type": "application/json" } },
  },
  { name: "a body of characters beyond ASCII", request: { ...document, body: { title: "ä€😀" } } },
  { name: "a body with a GET", request: { method: "GET", path: "/clients-a/_search", body: { size: 0 } } },
  {
    name: "lines as objects",
    request: { method: "POST", path: "/clients-a/_bulk?refresh=true", bulkBody: [{ index: { _id: "t1" } }, { n: 1 }] },
  },
  {
    name: "lines as text",
    request: { method: "POST", path: "/clients-a/_bulk?refresh=true", bulkBody: '{"index":{"_id":"t2"}}\n{"n":1}\n' },
  },
  { name: "HEAD of what is there", request: { method: "HEAD", path: "/clients-a" } },
  { name: "HEAD of what is not there", request: { method: "HEAD", path: "/clients-none" } },
  { name: "a method that is refused", request: { method: "DELETE", path: "/clients-a/_search" } },
  { name: "headers of the call", request: search, options: { headers: { "X-Own": "1", "x-number": 7 } } },
  { name: "a user agent of the call", request: search, options: { headers: { "user-agent": "other-js/1" } } },
  {
    name: "another accept",
    request: { method: "GET", path: "/_cat/indices/clients-a?h=index" },
    options: { headers: { accept: "text/plain" } },
  },
  { name: "an opaque id", request: search, options: { opaqueId: "o-1" } },
  {
    name: "an opaque id with a prefix",
    request: search,
    child: { opaqueIdPrefix: "p-" },
    options: { opaqueId: "o-2" },
  },
  { name: "an id of the request", request: search, options: { id: "request-7" } },
  { name: "a context", request: search, options: { context: { trace: "t" } } },
  { name: "a child with headers", request: search, child: { headers: { "x-child": "1" } } },
  {
    name: "a child with a name and a context",
    request: search,
    child: { name: "child", context: { c: 1 } },
    options: { context: { d: 2 } },
  },
  {
    name: "a compressed request",
    request: { ...search, body: { size: 0 } },
    options: { compression: "gzip" },
    family: "classic",
  },
  {
    name: "a compressed request ",
    request: { ...search, body: { size: 0 } },
    options: { compression: true },
    family: "modern",
  },
  { name: "a call that wants the body alone", request: search, options: { meta: false }, family: "modern" },
  { name: "a path that is too long", request: search, options: { maxPathLength: 5 }, family: "modern" },
  { name: "as a stream", request: { ...search, body: { size: 0 } }, options: { asStream: true } },
  {
    name: "an error as a stream",
    request: { method: "GET", path: "/clients-none/_search" },
    options: { asStream: true },
  },
  { name: "a timeout as text", request: search, options: { requestTimeout: "5s" } },
  { name: "retries of the call", request: search, options: { maxRetries: 1 } },
  {
    name: "no redaction",
    request: { method: "GET", path: "/clients-none/_search" },
    options: { redaction: { type: "off" } },
    family: "modern",
  },
  {
    name: "all redacted",
    request: { method: "GET", path: "/clients-none/_search" },
    options: { redaction: { type: "remove" } },
    family: "modern",
  },
];

/** Without hits: their order would be that of an engine's segments, which merge in its own time. */
const count = { method: "POST", path: "/clients-a/_search?size=0" } as const;

/** The last of all: version 8 sends a child's credential with the parent's calls from then on. */
export const credentialCalls: readonly Call[] = [
  { name: "an authorization of the call", request: count, options: { headers: { authorization: "ApiKey YTpi" } } },
  { name: "a child with a basic credential", request: count, child: { auth: { username: "u", password: "p:ä" } } },
];
