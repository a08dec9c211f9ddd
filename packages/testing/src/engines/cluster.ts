import { rmSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, delimiter, join } from "node:path";
import { freePort } from "../free-port.js";
import { waitUntil } from "../wait-until.js";
import { askNode } from "./ask-node.js";
import { requireEngines } from "./availability.js";
import { compileLauncher } from "./compile-launcher.js";
import type { EngineCluster, EngineOptions, SecuredCluster } from "./contract.js";
import { createEngineNode, type ManagedEngineNode, startTimeoutMs, tailOf } from "./engine-node.js";
import type { FetchedEngine } from "./fetch-engine.js";
import { hostAt } from "./host-at.js";
import type { EngineRelease } from "./releases.js";
import type { ClusterSecurity } from "./security/cluster-security.js";

const plainHeapMegabytes = 256;
const securedHeapMegabytes = 384; // security alone keeps some 60 MB

export interface RunnableEngine extends FetchedEngine {
  /** The command of a JDK that runs it. */
  readonly java: string;
}

/** Starts a cluster of a release that has been fetched. `secure` makes it a secured one, of nodes with these names. */
export async function startCluster(
  options: EngineOptions,
  release: EngineRelease,
  engine: RunnableEngine,
  secure: (names: readonly string[]) => Promise<ClusterSecurity>,
): Promise<SecuredCluster>;
export async function startCluster(
  options: EngineOptions,
  release: EngineRelease,
  engine: RunnableEngine,
): Promise<EngineCluster>;
export async function startCluster(
  options: EngineOptions,
  release: EngineRelease,
  engine: RunnableEngine,
  secure?: (names: readonly string[]) => Promise<ClusterSecurity>,
): Promise<EngineCluster> {
  const { kind, dedicatedManagers = 0, onProgress = () => {} } = options;
  const dataNodes = options.nodes ?? 3;
  await requireEngines();
  const launcher = await compileLauncher(engine.java, release.launcher, engine.lib);
  const classPath = [launcher, await classPathOf(engine)].join(delimiter);
  const title = `${release.product} ${release.version}${secure === undefined ? "" : " with security"}`;

  const names = Array.from({ length: dataNodes + dedicatedManagers }, (_, position) => `n${position + 1}`);
  const security = await secure?.(names);
  const folder = await mkdtemp(join(tmpdir(), `rollcall-${kind}-`));
  const removeFolder = () => rmSync(folder, { recursive: true, force: true });
  process.once("exit", removeFolder);

  const transports = await Promise.all(names.map(() => freePort()));
  const managers = dedicatedManagers === 0 ? names : names.slice(dataNodes);
  const nodes: ManagedEngineNode[] = [];
  let positions = names.length;

  const create = async (position: number, initial: boolean): Promise<ManagedEngineNode> => {
    const name = `n${position + 1}`;
    const home = join(folder, name);
    await prepareHome(home, engine);
    const nodeSecurity = await security?.prepare({ name, position, home });
    const host = hostAt(security?.hasOwnHosts ? position : 0);
    const transport = transports[position] ?? (await freePort());
    const role = dedicatedManagers === 0 ? "both" : position >= dataNodes && initial ? "manager" : "data";
    return createEngineNode({
      ...{ java: engine.java, launcher: basename(release.launcher, ".java"), name, classPath },
      ...{ host, port: await freePort(host) },
      logFile: join(folder, `${name}.log`),
      plugins: release.plugins,
      heapMegabytes: options.heapMegabytes ?? (secure === undefined ? plainHeapMegabytes : securedHeapMegabytes),
      systemProperties: {
        "log4j2.configurationFile": join(home, "config", "log4j2.properties"),
        "java.io.tmpdir": join(home, "tmp"),
      },
      settings: {
        "path.home": home,
        "node.name": name,
        "cluster.name": "rollcall-test",
        "network.host": "127.0.0.1",
        "http.host": host,
        "transport.port": `${transport}`,
        "discovery.seed_hosts": transports.map((port) => `127.0.0.1:${port}`).join(","),
        // A machine's full disk is no business of these tests.
        "cluster.routing.allocation.disk.threshold_enabled": "false",
        ...(initial ? { [release.initialManagers]: managers.join(",") } : {}),
        ...(role === "both" ? {} : { "node.roles": role === "data" ? "data,ingest" : release.managerRole }),
        ...options.settings?.[position % options.settings.length],
      },
      ...(nodeSecurity === undefined ? {} : { security: nodeSecurity }),
    });
  };

  const isReady = async (count: number): Promise<boolean> => {
    for (const node of nodes) {
      if (!node.running) continue;
      const health = `${node.url}/_cluster/health?wait_for_nodes=${count}&wait_for_status=yellow&timeout=20s`;
      const answer = await askNode(health, node.access, { timeoutMs: 25_000 }).catch(() => undefined);
      if (answer?.status === 200) return true;
    }
    return false;
  };

  const cluster = {
    kind,
    version: release.version,
    nodes,
    get urls() {
      return nodes.map((node) => node.url);
    },
    ...(security === undefined ? {} : { certificates: security.certificates }),
    async addNode() {
      const added = await create(positions++, false);
      await added.start();
      nodes.push(added);
      await cluster.waitForNodes(nodes.filter((node) => node.running).length);
      return added;
    },
    async waitForNodes(count: number) {
      const ready = () => isReady(count);
      try {
        await waitUntil(`${title} has ${count} nodes`, ready, { timeoutMs: startTimeoutMs, everyMs: 100 });
      } catch (error) {
        const logs = await Promise.all(nodes.map(async (node) => `${node.name}:\n${await tailOf(node.logFile, 10)}`));
        throw new Error(`${title} did not get to ${count} nodes; last words of\n${logs.join("\n")}`, { cause: error });
      }
    },
    async close() {
      await Promise.all(nodes.map((node) => node.kill()));
      await rm(folder, { recursive: true, force: true, maxRetries: 3 }).catch(() => {});
      process.removeListener("exit", removeFolder);
    },
    [Symbol.asyncDispose]: (): Promise<void> => cluster.close(),
  };

  try {
    onProgress(`starting ${names.length} nodes of ${title}`);
    for (const [position] of names.entries()) nodes.push(await create(position, true));
    options.onStarting?.(cluster.urls);
    await Promise.all(nodes.map((node) => node.start()));
    await cluster.waitForNodes(nodes.length);
    onProgress(`${title} is ready at ${cluster.urls.join(" ")}`);
  } catch (error) {
    await cluster.close();
    throw error;
  }
  return cluster;
}

/** The server's jars, then those of the plugin that the server does not bring itself. */
async function classPathOf({ lib, securityPlugin }: FetchedEngine): Promise<string> {
  if (securityPlugin === undefined) return join(lib, "*");
  const own = new Set(await readdir(lib));
  const added = (await readdir(securityPlugin)).filter((file) => file.endsWith(".jar") && !own.has(file));
  return [join(lib, "*"), ...added.map((file) => join(securityPlugin, file))].join(delimiter);
}

const logging = `
status = error
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{ISO8601} %-5p %c{1.} %m%n
rootLogger.level = info
rootLogger.appenderRef.console.ref = console
`;

async function prepareHome(home: string, { modules }: FetchedEngine): Promise<void> {
  for (const folder of ["config", "data", "logs", "tmp", "modules"])
    await mkdir(join(home, folder), { recursive: true });
  await writeFile(join(home, "config", "log4j2.properties"), logging);
  for (const module of modules) await symlink(module, join(home, "modules", basename(module)));
}
