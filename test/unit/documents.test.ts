import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { it } from "node:test";
import { fileURLToPath } from "node:url";
import { logEvents, type RollcallErrorCode } from "@rollcall/core";
import {
  bounds,
  type CompressionOptions,
  type ConnectionOptions,
  type DiscoveryOptions,
  defaults,
  fixed,
  type HedgeOptions,
  type HostPolicy,
  type NodeMatch,
  type NodeOption,
  type PoolOptions,
  type ProxyOptions,
  type QueueOptions,
  type RetryOptions,
  type SelectionOptions,
  type TlsOptions,
} from "@rollcall/core/config";
import { classify } from "@rollcall/core/request";
import type { NodeState, NodeStatus, PoolEvents, PoolRequest, PoolResponse, PoolStats } from "@rollcall/worker";
import { bulkBounds, bulkDefaults, bulkNames } from "#rollcall/helpers/bulk-options";
import { searchBounds, searchDefaults, searchNames } from "#rollcall/helpers/search-options";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const read = (path: string) => readFileSync(join(root, path), "utf8");
const documents = filesIn(root, ".md");
const guides = filesIn(join(root, "docs"), ".md").map((path) => read(join("docs", path)));
const codeInGuides = guides.flatMap((text) => text.match(/```[\s\S]*?```|`[^`\n]+`/g) ?? []).join("\n");

it("documents link only to files and headings that exist", () => {
  const broken = documents.flatMap((document) =>
    linksOf(read(document)).flatMap((link) => {
      const why = whyBroken(document, link);
      return why === undefined ? [] : `${document}: ${link}: ${why}`;
    }),
  );
  assert.deepEqual(broken, []);
});

it("documents name only source files that exist", () => {
  const missing = documents.flatMap((document) =>
    [...read(document).matchAll(/`((?:packages|test|demo|docs|examples|scripts|bench)\/[\w./-]+)`/g)]
      .map(([, path = ""]) => path)
      .filter((path) => !existsSync(join(root, path)))
      .map((path) => `${document}: ${path}`),
  );
  assert.deepEqual(missing, []);
});

it("READMEs of packages, which npm shows, link by the repository's address to files that exist", () => {
  const address = /^https:\/\/github\.com\/rollcall-pool\/rollcall(?:\/blob\/main\/(.+)|#readme)$/;
  const broken = documents
    .filter((document) => /^packages\/\w+\/README\.md$/.test(document))
    .flatMap((document) =>
      [...read(document).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = ""]) => ({ document, link })),
    )
    .filter(({ link }) => !existsSync(join(root, address.exec(link)?.[1] ?? (address.test(link) ? "." : "?"))));
  assert.deepEqual(broken, []);
});

it("documents do not describe processes as persons", () => {
  const persons = /\b(?:nobody|whoever|somebody|keeps? away|is told|knows|hears|bears? witness)\b/gi;
  const found = documents
    .filter((document) => !document.startsWith("bench/results/"))
    .flatMap((document) => (proseOf(read(document)).match(persons) ?? []).map((word) => `${document}: ${word}`));
  assert.deepEqual(found, []);
});

it("the README stays under 1,200 words", () => {
  assert.ok((read("README.md").match(/\S+/g) ?? []).length < 1_200);
});

it("the README shows its example as the file has it", () => {
  const shown = /<!-- the same as (\S+) -->\n```js\n([\s\S]*?)```/.exec(read("README.md"));
  assert.ok(shown?.[1] !== undefined, "the README marks its example");
  assert.equal(shown[2], read(shown[1]));
});

it("each search that ARCHITECTURE.md lists finds the files it names", () => {
  const sources = filesIn(join(root, "packages"), ".ts").map((path) => join("packages", path));
  const wrong = tableRows(read("ARCHITECTURE.md"), "searches").flatMap(([word = "", , files = ""]) =>
    files
      .split(/`?, `?/)
      .filter((file) => !sources.includes(file) || !new RegExp(word.replace(" ", ".?"), "i").test(read(file)))
      .map((file) => `${word}: ${file}`),
  );
  assert.deepEqual(wrong, []);
});

it("docs/retries.md gives each example's class as the pool does", () => {
  const calls = read("docs/retries.md").matchAll(/method: "(\w+)", path: "([^"]+)".*\/\/ (read|repeatable|never)$/gm);
  const claims = [...calls].map(([, method = "", path = "", claimed]) => ({ method, path, claimed }));
  assert.ok(claims.length >= 3);
  for (const { method, path, claimed } of claims) assert.equal(classify(method, path).class, claimed, path);
});

for (const [what, names] of Object.entries(publicNames())) {
  it(`the guides name every ${what}, as code`, () => {
    assert.deepEqual(
      names.filter((name) => !new RegExp(`\\b${name}\\b`).test(codeInGuides)),
      [],
    );
  });
}

it("docs/errors.md explains every error code in a row of its own", () => {
  const rows = [...read("docs/errors.md").matchAll(/^\| `([A-Z_]+)` \|/gm)].map(([, code]) => code);
  assert.deepEqual(rows.sort(), Object.keys(errorCodes).sort());
});

it("docs/pooling.md gives every default and every bound as the code has it", () => {
  const rows = tableRows(read("docs/pooling.md"), "defaults");
  const stated = Object.fromEntries(
    rows.map(([name = "", initial = "", range = ""]) => [name, { initial: defaultOf(initial), range }]),
  );
  const rangeOf = (name: string) => {
    const [min, max] = stated[name]?.range.split(" – ").map(numberOf) ?? [];
    return { min, max };
  };
  for (const [name, initial] of leavesOf(defaults)) {
    assert.equal(stated[name]?.initial, initial, `default of ${name}`);
    const bound = valueAt(bounds, name) as { min: number; max: number } | undefined;
    if (bound !== undefined) assert.deepEqual(rangeOf(name), { ...bound }, `bounds of ${name}`);
  }
  for (const name of ["nodes", "headers", "discovery.addressMap"]) {
    assert.deepEqual(rangeOf(name), { ...(valueAt(bounds, name) as object) }, `bounds of ${name}`);
  }
});

it("docs/helpers.md lists every option of a helper, with the defaults and ranges that the code has", () => {
  const helpers = [
    { table: "bulk", names: bulkNames, initial: bulkDefaults, bounds: bulkBounds },
    { table: "searches", names: searchNames.pit, initial: searchDefaults, bounds: searchBounds },
  ];
  for (const { table, names, initial, bounds } of helpers) {
    const rows = tableRows(read("docs/helpers.md"), table);
    assert.deepEqual(rows.map(([name]) => name).sort(), [...names].sort());
    for (const [name = "", value = "", range = ""] of rows.filter(([name = ""]) => name in bounds)) {
      assert.equal(numberOf(value), valueAt(initial, name), name);
      const [min, max] = range.split(" – ").map(numberOf);
      assert.deepEqual({ min, max }, valueAt(bounds, name), name);
    }
  }
});

it("docs/pooling.md gives every value without an option as the code has it", () => {
  const rows = tableRows(read("docs/pooling.md"), "fixed");
  const stated = Object.fromEntries(rows.map(([name = "", value = ""]) => [name, numberOf(value)]));
  assert.deepEqual(stated, { ...fixed });
});

it("docs/operations.md and docs/log-events.md quote only log lines and status texts that the code can write", () => {
  const source = filesIn(join(root, "packages"), ".ts")
    .filter((path) => !path.includes(".test."))
    .flatMap((path) => read(join("packages", path)).split("\n"))
    .filter((line) => !/^\s*(?:\/?\*|\/\/)/.test(line))
    .join("\n")
    .replaceAll("\\`", "`");
  const tables = ["status of the view", "status of a node", "status of a replica"];
  const unknown = tables
    .flatMap((table) => tableRows(read("docs/operations.md"), table))
    .concat(tableRows(read("docs/log-events.md"), "log").map(([, line = ""]) => [line]))
    .flatMap(([quoted = ""]) => quoted.replace(/`, (?:of|as) .*$/, "").split(/…|`, `/))
    .map((part) => part.replace(/^[`\s:]+|[`\s:;]+$/g, "").replace(/^node /, ""))
    .filter((part) => part !== "" && part !== "node" && !source.includes(part));
  assert.deepEqual(unknown, []);
});

it("docs/log-events.md is the table of events that the code logs by: level, meaning, and what to do", () => {
  const rows = tableRows(read("docs/log-events.md"), "log");
  assert.deepEqual(
    rows.map(([event, , level, means, todo]) => ({ event, level, means, todo })),
    Object.entries(logEvents).map(([event, { level, means, todo }]) => ({
      ...{ event, level, means: cleanCell(means), todo: cleanCell(todo) },
    })),
  );
});

it("the night of docs/operations.md shows only lines that its events have, as docs/log-events.md gives them", () => {
  const texts = Object.fromEntries(
    tableRows(read("docs/log-events.md"), "log").map(([event = "", line = ""]) => [event, line.split("`, `")]),
  );
  const [, night = ""] = /## A night from the log\n([\s\S]*?)\n## /.exec(read("docs/operations.md")) ?? [];
  const shown = [...night.matchAll(/^\d\d:\d\d\.\d{3} {2}\w+ +([\w.-]+) +(.+)$/gm)];
  assert.ok(shown.length > 15, `${shown.length} lines`);
  const wrong = shown.filter(
    ([, event = "", text = ""]) => !(texts[event] ?? []).some((line) => matcherOf(line).test(text)),
  );
  assert.deepEqual(
    wrong.map(([line]) => line),
    [],
  );
});

/** A line with … for what differs. */
function matcherOf(line: string): RegExp {
  return new RegExp(`^${line.split(/ ?…/).map(escaped).join(".*")}$`);
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

it("no package writes a log line without its event: only logEvent of core calls a logger", () => {
  const calls = filesIn(join(root, "packages"), ".ts")
    .filter(
      (path) =>
        !/\.test\.|^testing|^core\/src\/(?:log-events|bound-logger|safe-logger)\.ts$|^coordinator\/src\/level-filter\.ts$/.test(
          path,
        ),
    )
    .filter((path) => /logger\??\.(?:debug|info|warn|error)\(|logger\[/i.test(read(join("packages", path))));
  assert.deepEqual(calls, []);
});

/** Complete by its type: a new code does not compile before it stands here. */
const errorCodes: Readonly<Record<RollcallErrorCode, true>> = {
  CONFIG: true,
  CLOSED: true,
  NO_NODE: true,
  CONNECT: true,
  DISCONNECTED: true,
  TLS: true,
  TIMEOUT: true,
  ABORTED: true,
  QUEUE_FULL: true,
  BAD_RESPONSE: true,
  STATUS: true,
  THREAD: true,
  TASK: true,
  SIGN: true,
  REDIS: true,
};

/** What users write and read, by kind; complete in the same way. */
function publicNames(): Readonly<Record<string, readonly string[]>> {
  const pool: Record<keyof PoolOptions, true> = {
    nodes: true,
    cloudId: true,
    auth: true,
    sign: true,
    tls: true,
    headers: true,
    discovery: true,
    proxy: true,
    logger: true,
    name: true,
    redis: true,
    secret: true,
    secretFile: true,
    coordinator: true,
    threads: true,
    threadEntry: true,
    timeoutMs: true,
    maxResponseBytes: true,
    maxBufferedResponseBytes: true,
    connections: true,
    queue: true,
    retry: true,
    hedge: true,
    compression: true,
    selection: true,
  };
  const selection: Record<keyof SelectionOptions, true> = { only: true, except: true, prefer: true };
  const match: Record<keyof NodeMatch, true> = { roles: true, attributes: true };
  const node: Record<keyof NodeOption, true> = { url: true, auth: true, tls: true };
  const tls: Record<keyof TlsOptions, true> = {
    ca: true,
    cert: true,
    key: true,
    caFile: true,
    certFile: true,
    keyFile: true,
    caFingerprint: true,
    serverName: true,
    unsafeSkipVerification: true,
  };
  const discovery: Record<keyof DiscoveryOptions, true> = {
    source: true,
    intervalMs: true,
    addressMap: true,
    allow: true,
    clusterUuid: true,
  };
  const proxy: Record<keyof ProxyOptions, true> = { url: true, auth: true, tls: true };
  const policy: Record<keyof HostPolicy, true> = { hosts: true, ports: true };
  const connections: Record<keyof ConnectionOptions, true> = {
    perNode: true,
    fleetPerNode: true,
    opening: true,
    idleMs: true,
    maxAgeMs: true,
  };
  const queue: Record<keyof QueueOptions, true> = { perThread: true, adaptive: true };
  const retry: Record<keyof RetryOptions, true> = { max: true };
  const hedge: Record<keyof HedgeOptions, true> = { extraWork: true };
  const compression: Record<keyof CompressionOptions, true> = { requests: true, responses: true, aboveBytes: true };
  const request: Record<keyof PoolRequest, true> = {
    method: true,
    path: true,
    query: true,
    headers: true,
    body: true,
    ndjson: true,
    transfer: true,
    timeoutMs: true,
    class: true,
    signal: true,
    opaqueId: true,
    retry: true,
    hedge: true,
    hedgeKey: true,
    maxResponseBytes: true,
    auth: true,
    node: true,
    priority: true,
  };
  const response: Record<keyof PoolResponse, true> = {
    status: true,
    ok: true,
    headers: true,
    node: true,
    nodeUrl: true,
    attempts: true,
    json: true,
    text: true,
    bytes: true,
    throwIfError: true,
  };
  const states: Record<NodeState, true> = {
    unverified: true,
    healthy: true,
    penalized: true,
    "slow-start": true,
    draining: true,
    down: true,
    ejected: true,
    unusable: true,
  };
  const status: Record<keyof NodeStatus, true> = {
    address: true,
    url: true,
    name: true,
    id: true,
    roles: true,
    version: true,
    tier: true,
    preferred: true,
    state: true,
    reason: true,
    forMs: true,
    by: true,
    penalty: true,
    traffic: true,
    openSockets: true,
    inFlight: true,
    requests: true,
    answers: true,
    failures: true,
    errorStatuses: true,
    connects: true,
    connectMs: true,
  };
  const stats: Record<keyof PoolStats, true> = {
    requests: true,
    answered: true,
    failed: true,
    errors: true,
    pending: true,
    inFlight: true,
    queued: true,
    retries: true,
    retriesLeft: true,
    waits: true,
    waitedMs: true,
    queue: true,
    hedges: true,
    view: true,
    connections: true,
    nodes: true,
    threads: true,
  };
  const events: Record<keyof PoolEvents, true> = { node: true, view: true, degraded: true, settled: true };
  const options = [
    pool,
    node,
    tls,
    discovery,
    proxy,
    policy,
    connections,
    queue,
    retry,
    hedge,
    compression,
    selection,
    match,
  ].flatMap((part) => Object.keys(part));
  return {
    option: options,
    "field of a request": Object.keys(request),
    "field of an answer": Object.keys(response),
    "state of a node": Object.keys(states),
    "field of nodes()": Object.keys(status),
    "field of stats()": Object.keys(stats),
    event: Object.keys(events),
  };
}

/** Files below a folder, as paths from it. Nothing that is installed, built or hidden. */
function filesIn(folder: string, extension: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (/^(?:node_modules|dist|\..*)$/.test(entry.name)) return [];
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return filesIn(path, extension).map((file) => join(entry.name, file));
    return entry.name.endsWith(extension) ? [entry.name] : [];
  });
}

/** Without code blocks and inline code. */
function proseOf(text: string): string {
  return text.replace(/```[\s\S]*?```/g, "").replace(/`[^`\n]*`/g, "");
}

/** The targets of links to other files and to headings; not those into the web. */
function linksOf(text: string): string[] {
  return [...text.replace(/```[\s\S]*?```/g, "").matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, link = ""]) => link)
    .filter((link) => !/^[a-z]+:/.test(link));
}

function whyBroken(document: string, link: string): string | undefined {
  const [path = "", anchor] = link.split("#", 2);
  const target = path === "" ? join(root, document) : resolve(root, dirname(document), path);
  if (relative(root, target).startsWith("..")) return "leads out of the repository";
  if (!existsSync(target)) return "no such file";
  if (anchor === undefined || statSync(target).isDirectory()) return undefined;
  return headingsOf(readFileSync(target, "utf8")).includes(anchor) ? undefined : "no such heading";
}

/** The anchors that GitHub gives to a document's headings. */
function headingsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

/** The cells of a table marked `<!-- table: name -->`, row by row, without its heading; code marks taken off. */
function tableRows(text: string, name: string): string[][] {
  const [, table = ""] = text.split(`<!-- table: ${name} -->\n`);
  const lines = table.split("\n");
  const end = lines.findIndex((line) => !line.startsWith("|"));
  const rows = lines.slice(2, end).map((line) => line.split("|").slice(1, -1).map(cleanCell));
  assert.ok(rows.length > 0, `there is a table ${name}`);
  return rows;
}

function cleanCell(cell: string): string {
  return cell
    .trim()
    .replace(/^`` (.*) ``$/, "$1")
    .replace(/^`(.*)`$/, "$1");
}

/** A text in quotes is itself. */
function defaultOf(text: string): string | number | boolean {
  if (text === "true" || text === "false") return text === "true";
  return text.startsWith('"') ? text.slice(1, -1) : numberOf(text);
}

/** `1,024 entries` is 1024. */
function numberOf(text: string): number {
  return Number(text.replaceAll(",", "").replace(/[^\d.]+$/, ""));
}

function leavesOf(tree: object, path = ""): [string, unknown][] {
  return Object.entries(tree).flatMap(([name, value]): [string, unknown][] => {
    const here = path === "" ? name : `${path}.${name}`;
    return typeof value === "object" && value !== null ? leavesOf(value, here) : [[here, value]];
  });
}

function valueAt(tree: object, path: string): unknown {
  return path.split(".").reduce((at: unknown, name) => (at as Record<string, unknown> | undefined)?.[name], tree);
}
