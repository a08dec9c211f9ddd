import { type SpawnOptions, spawn, spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort, waitUntil } from "@rollcall/testing";
import { own } from "@rollcall/testing/processes";

/** Three nodes that do as little as possible, so that the machine is left to the client that is measured. */
export interface Servers extends AsyncDisposable {
  /** For people: what serves. */
  readonly kind: string;
  readonly urls: readonly string[];
}

/** The answers, by the index whose search gives them. */
export interface Answer {
  readonly index: string;
  readonly label: string;
  readonly bytes: number;
}

export const answers: readonly Answer[] = [
  { index: "small", label: "0.5 KB", bytes: 512 },
  { index: "medium", label: "41 KB", bytes: 41 * 1024 },
  { index: "large", label: "2 MB", bytes: 2 * 1024 * 1024 },
];

/**
 * Serves `POST /{index}/_search` for every answer on three ports of 127.0.0.1: one nginx, or, where there is none,
 * three node processes.
 */
export async function startServers(): Promise<Servers> {
  const folder = await mkdtemp(join(tmpdir(), "rollcall-bench-"));
  for (const answer of answers) await writeFile(join(folder, `${answer.index}.json`), searchAnswer(answer));
  const ports = [await freePort(), await freePort(), await freePort()];
  const version = nginxVersion();
  if (version === undefined) console.log("nginx was not found: three node:http processes answer in its place");
  const processes = await Promise.all(
    version === undefined
      ? ports.map((port) => own(spawn(process.execPath, [nodeServer, folder, String(port)], inheritErrors)))
      : [own(spawn("nginx", ["-e", "stderr", "-c", await writeNginxConfig(folder, ports)], inheritErrors))],
  );
  const urls = ports.map((port) => `http://127.0.0.1:${port}`);
  const close = async () => {
    await Promise.all(processes.map((one) => one.stop()));
    await rm(folder, { recursive: true, force: true });
  };
  try {
    for (const url of urls) await waitUntil(`${url} answers`, () => answersSearch(url));
  } catch (error) {
    await close();
    throw error;
  }
  return {
    kind:
      version === undefined
        ? "three node:http processes (nginx was not found)"
        : `${version}, one process, three ports`,
    urls,
    [Symbol.asyncDispose]: close,
  };
}

const nodeServer = fileURLToPath(new URL("./node-server.js", import.meta.url));
const inheritErrors: SpawnOptions = { stdio: ["ignore", "ignore", "inherit"] };

async function answersSearch(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/small/_search`, { method: "POST", body: "{}" });
    await response.arrayBuffer();
    return response.status === 200;
  } catch {
    return false;
  }
}

function nginxVersion(): string | undefined {
  const { status, stderr } = spawnSync("nginx", ["-v"], { encoding: "utf8" });
  return status === 0 ? stderr.trim().replace(/^nginx version: /, "") : undefined;
}

/** What the nodes say of themselves, so that Rollcall's own probes have an answer. */
export const rootAnswer = JSON.stringify({
  name: "bench",
  cluster_name: "bench",
  cluster_uuid: "benchbenchbenchbenchbe",
  version: { number: "9.1.0" },
  tagline: "You Know, for Search",
});

/** nginx serves files to GET only; the 405 of a POST is turned into the file. */
async function writeNginxConfig(folder: string, ports: readonly number[]): Promise<string> {
  const asRoot = process.getuid?.() === 0;
  const config = `
daemon off;
master_process off;
${asRoot ? "user root;" : ""}
pid ${folder}/nginx.pid;
error_log stderr error;
events { worker_connections 2048; }
http {
  access_log off;
  sendfile on;
  tcp_nodelay on;
  keepalive_requests 1000000000;
  keepalive_timeout 600s;
  open_file_cache max=16;
  types { application/json json; }
  ${["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path ${folder}/${name};`).join(" ")}
  server {
    ${ports.map((port) => `listen 127.0.0.1:${port};`).join(" ")}
    root ${folder};
    add_header X-elastic-product Elasticsearch always;
    rewrite ^/(\\w+)/_search$ /$1.json last;
    location = / { default_type application/json; return 200 '${rootAnswer}'; }
    location / { error_page 405 =200 $uri; }
  }
}
`;
  const file = join(folder, "nginx.conf");
  await writeFile(file, config);
  return file;
}

/** A search answer of that many bytes, with documents of some 500 bytes. */
function searchAnswer({ index, bytes }: Answer): string {
  const build = (hits: readonly unknown[], padding: string) =>
    JSON.stringify({
      took: 3,
      timed_out: false,
      _shards: { total: 3, successful: 3, skipped: 0, failed: 0 },
      hits: { total: { value: hits.length, relation: "eq" }, max_score: 1, hits },
      padding,
    });
  const hits: unknown[] = [];
  const spare = 128;
  for (let size = build([], "").length; ; ) {
    const hit = document(index, hits.length);
    size += JSON.stringify(hit).length + 1;
    if (size > bytes - spare) break;
    hits.push(hit);
  }
  return build(hits, "x".repeat(bytes - build(hits, "").length));
}

function document(index: string, position: number) {
  return {
    _index: index,
    _id: `document-${position}`,
    _score: 1 / (position + 1),
    _source: {
      "@timestamp": new Date(Date.UTC(2026, 0, 1) + position * 1_000).toISOString(),
      level: position % 5 === 0 ? "error" : "info",
      service: { name: `service-${position % 7}`, version: "2.4.1", replica: position % 3 },
      http: { method: "GET", status: 200 + (position % 4), bytes: 1_000 + position, durationMs: position / 8 },
      tags: ["production", "europe", `zone-${position % 3}`],
      message:
        "an ordinary line of a log, as long as such lines are, which says that a request was answered in good time",
    },
  };
}
