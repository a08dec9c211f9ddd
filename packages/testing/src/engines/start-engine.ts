import { rmSync } from "node:fs";
import { chmod, cp, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, delimiter, join } from "node:path";
import { type Certificates, makeCertificates } from "../certificates.js";
import { freePort } from "../free-port.js";
import { waitUntil } from "../wait-until.js";
import { type Access, askNode } from "./ask-node.js";
import { requireEngines } from "./availability.js";
import { compileLauncher } from "./compile-launcher.js";
import type { EngineCluster, EngineNode, EngineOptions } from "./contract.js";
import { createEngineNode, type ManagedEngineNode, startTimeoutMs, tailOf } from "./engine-node.js";
import { type FetchedEngine, fetchEngine, moduleFolder } from "./fetch-engine.js";
import { findJava } from "./find-java.js";
import { releases } from "./releases.js";

/** The security plugin's own demo user, which may do everything. */
const administrator = { username: "admin", password: "admin" } as const;

const plainHeapMegabytes = 256;
const securedHeapMegabytes = 384; // the plugin alone keeps some 60 MB

/**
 * Starts a cluster of the real engine and resolves when all its nodes have joined and are ready.
 *
 * @throws when Java or Maven is missing, or when it is not ready in two minutes, with the end of a node's log
 */
export async function startEngine(options: EngineOptions): Promise<EngineCluster> {
  const { kind, secured = false, dedicatedManagers = 0, onProgress = () => {} } = options;
  const dataNodes = options.nodes ?? 3;
  if (secured && kind !== "opensearch") throw new Error("only OpenSearch comes with a security plugin here");
  await requireEngines();
  const release = releases[kind];
  const java = await findJava(release.oldestJava);
  const engine = await fetchEngine(kind, { secured, onProgress });
  const launcher = await compileLauncher(java, release.launcher, engine.lib);

  const names = Array.from({ length: dataNodes + dedicatedManagers }, (_, position) => `n${position + 1}`);
  const certificates = secured ? await makeCertificates({ names, ips: ["127.0.0.1"] }) : undefined;
  const access: Access = certificates === undefined ? {} : { ca: certificates.ca, user: administrator };
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
    if (release.moduleJars !== undefined) {
      await mkdir(join(home, "modules"));
      await symlink(join(engine.lib, moduleFolder), join(home, "modules", moduleFolder));
    }
    const transport = transports[position] ?? (await freePort());
    const role = dedicatedManagers === 0 ? "both" : position >= dataNodes && initial ? "manager" : "data";
    return createEngineNode({
      ...{ java, launcher: basename(release.launcher, ".java") },
      name,
      port: await freePort(),
      logFile: join(folder, `${name}.log`),
      classPath: [launcher, await classPathOf(engine)].join(delimiter),
      plugins: secured ? [securityPlugin, ...release.plugins] : release.plugins,
      heapMegabytes: options.heapMegabytes ?? (secured ? securedHeapMegabytes : plainHeapMegabytes),
      systemProperties: {
        "log4j2.configurationFile": join(home, "config", "log4j2.properties"),
        "java.io.tmpdir": join(home, "tmp"),
      },
      settings: {
        "path.home": home,
        "node.name": name,
        "cluster.name": "rollcall-test",
        "network.host": "127.0.0.1",
        "transport.port": `${transport}`,
        "discovery.seed_hosts": transports.map((port) => `127.0.0.1:${port}`).join(","),
        // A machine's full disk is no business of these tests.
        "cluster.routing.allocation.disk.threshold_enabled": "false",
        ...(initial ? { [release.initialManagers]: managers.join(",") } : {}),
        ...(role === "both" ? {} : { "node.roles": role === "data" ? "data,ingest" : release.managerRole }),
        ...(certificates === undefined ? {} : await securitySettings(home, name, position, certificates)),
      },
      access,
    });
  };

  const isReady = async (count: number): Promise<boolean> => {
    for (const node of nodes) {
      if (!node.running) continue;
      const health = `${node.url}/_cluster/health?wait_for_nodes=${count}&wait_for_status=yellow&timeout=20s`;
      const answer = await askNode(health, access, 25_000).catch(() => undefined);
      if (answer?.status === 200) return true;
    }
    return false;
  };

  const cluster: EngineCluster = {
    kind,
    nodes,
    get urls() {
      return nodes.map((node) => node.url);
    },
    ...(certificates === undefined
      ? {}
      : { ca: certificates.ca, caFingerprint: certificates.caFingerprint, users: [administrator] }),
    async addNode(): Promise<EngineNode> {
      const added = await create(positions++, false);
      await added.start();
      nodes.push(added);
      await cluster.waitForNodes(nodes.filter((node) => node.running).length);
      return added;
    },
    async waitForNodes(count) {
      const ready = () => isReady(count);
      try {
        await waitUntil(`${kind} has ${count} nodes`, ready, { timeoutMs: startTimeoutMs, everyMs: 100 });
      } catch (error) {
        const logs = await Promise.all(nodes.map(async (node) => `${node.name}:\n${await tailOf(node.logFile, 10)}`));
        throw new Error(`${kind} did not get to ${count} nodes; last words of\n${logs.join("\n")}`, { cause: error });
      }
    },
    async close() {
      await Promise.all(nodes.map((node) => node.kill()));
      await rm(folder, { recursive: true, force: true, maxRetries: 3 }).catch(() => {});
      process.removeListener("exit", removeFolder);
    },
    [Symbol.asyncDispose]: () => cluster.close(),
  };

  try {
    onProgress(`starting ${names.length} nodes of ${kind} ${release.version}${secured ? ", secured" : ""}`);
    for (const [position] of names.entries()) nodes.push(await create(position, true));
    options.onStarting?.(cluster.urls);
    await Promise.all(nodes.map((node) => node.start()));
    await cluster.waitForNodes(nodes.length);
    onProgress(`${kind} is ready at ${cluster.urls.join(" ")}`);
  } catch (error) {
    await cluster.close();
    throw error;
  }
  return cluster;
}

const securityPlugin = "org.opensearch.security.OpenSearchSecurityPlugin";

/** The server's jars, then those of the plugin that the server does not bring itself. */
async function classPathOf({ lib, security }: FetchedEngine): Promise<string> {
  if (security === undefined) return join(lib, "*");
  const own = new Set(await readdir(lib));
  const added = (await readdir(security)).filter((file) => file.endsWith(".jar") && !own.has(file));
  return [join(lib, "*"), ...added.map((file) => join(security, file))].join(delimiter);
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

async function prepareHome(home: string, { security }: FetchedEngine): Promise<void> {
  for (const folder of ["config", "data", "logs", "tmp"]) await mkdir(join(home, folder), { recursive: true });
  await writeFile(join(home, "config", "log4j2.properties"), logging);
  if (security === undefined) return;
  await cp(join(security, "config"), join(home, "config", "opensearch-security"), { recursive: true });
  await chmod(join(home, "config"), 0o700);
}

async function securitySettings(
  home: string,
  name: string,
  position: number,
  certificates: Certificates,
): Promise<Record<string, string>> {
  const { key, cert } = certificates.nodes[position] ?? (await certificates.issue(name));
  const files = { pemcert: "node.pem", pemkey: "node-key.pem", pemtrustedcas: "ca.pem" } as const;
  await writeFile(join(home, "config", files.pemcert), cert);
  await writeFile(join(home, "config", files.pemkey), key, { mode: 0o600 });
  await writeFile(join(home, "config", files.pemtrustedcas), certificates.ca);
  const paths = (layer: "http" | "transport") =>
    Object.entries(files).map(([what, file]) => [`plugins.security.ssl.${layer}.${what}_filepath`, file] as const);
  return {
    ...Object.fromEntries([...paths("transport"), ...paths("http")]),
    "plugins.security.ssl.transport.enforce_hostname_verification": "false",
    "plugins.security.ssl.http.enabled": "true",
    "plugins.security.nodes_dn": "CN=n*",
    "plugins.security.allow_default_init_securityindex": "true",
    "plugins.security.allow_unsafe_democertificates": "true",
  };
}
