import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { sourceHash } from "./compile-launcher.js";
import type { EngineName, SecuredEngineName } from "./contract.js";
import { describeModule, makeWordsModule, separateTransport } from "./elasticsearch-module.js";
import { fillOnce } from "./fill-once.js";
import { maven } from "./maven.js";
import { type Artifact, type EngineRelease, releases, securedReleases } from "./releases.js";

export const engineVersions = {
  opensearch: releases.opensearch.version,
  elasticsearch: releases.elasticsearch.version,
};

const enginesFolder = fileURLToPath(new URL("../../../../.cache/engines/", import.meta.url));

/** What an engine is made of, on this machine. */
export interface FetchedEngine {
  /** Folder of the server's jars, which are the class path. */
  readonly lib: string;
  /** Folders of the modules that it loads from disk: Elasticsearch 8 and 9. */
  readonly modules: readonly string[];
  /** Folder of the unpacked security plugin, jars and its default configuration in `config/`: OpenSearch with security. */
  readonly securityPlugin?: string;
}

/**
 * Fetches an engine's jars with Maven into the repository's `.cache`, unless they are there.
 *
 * @throws when Java or Maven is missing, or with Maven's own words
 */
export async function fetchEngine(kind: EngineName, onProgress: (line: string) => void): Promise<FetchedEngine> {
  return fetchServer(kind, releases[kind], onProgress);
}

/**
 * The same with what its security needs.
 *
 * @param java the command of a JDK that runs the engine
 */
export async function fetchSecuredEngine(
  kind: SecuredEngineName,
  java: string,
  onProgress: (line: string) => void,
): Promise<FetchedEngine> {
  const release = securedReleases[kind];
  const { version } = release;
  const engine = await fetchServer(kind, release, onProgress);
  if (release.product === "OpenSearch") {
    const securityPlugin = join(folderOf(kind, version), "security");
    await fillOnce(securityPlugin, async (folder) => {
      onProgress(`fetching the security plugin of ${release.product} ${version} with Maven, once (about 45 MB)`);
      await maven(folder, [opensearchPlugin(version)], { unpack: true });
    });
    return { ...engine, securityPlugin };
  }
  const words = await sourceHash("AnalysisWords.java");
  const security = join(folderOf(kind, version), `security-${words}`);
  await fillOnce(security, async (folder) => {
    onProgress(`fetching the security of ${release.product} ${version} with Maven, once (about 20 MB)`);
    await fetchSecurityModules(folder, version, engine.lib);
    await makeWordsModule(join(folder, "analysis-words"), java, engine.lib, version);
  });
  const modules = ["x-pack-core", "x-pack-security", "analysis-words"].map((name) => join(security, name));
  return { ...engine, modules: [...engine.modules, ...modules] };
}

async function fetchServer(
  kind: EngineName,
  { product, version, artifacts, moduleJars }: EngineRelease,
  onProgress: (line: string) => void,
): Promise<FetchedEngine> {
  const lib = join(folderOf(kind, version), "lib");
  await fillOnce(lib, async (folder) => {
    onProgress(`fetching ${product} ${version} with Maven, once (about 50 MB)`);
    await maven(folder, artifacts);
    if (moduleJars !== undefined) await separateTransport(folder, moduleJars);
  });
  return { lib, modules: moduleJars === undefined ? [] : [join(lib, "transport-netty4")] };
}

/** No registry that these tests use has them. Nothing here is called that needs them: SAML, and templates of metrics. */
const notServed = [
  "org.elasticsearch.plugin:x-pack-template-resources",
  "org.elasticsearch.plugin:es-opensaml-security-api",
  "org.opensaml:*",
  "net.shibboleth.utilities:java-support",
];
/** They bring classes of other jars, and a class that is there twice stops a node's start. */
const doubled = /^(?:guava|failureaccess|listenablefuture|jakarta\.|javax\.|activation|xml)/;

/** Each module has the jars that it needs and that neither the class path nor the module below it has. */
async function fetchSecurityModules(folder: string, version: string, lib: string): Promise<void> {
  const there = new Set((await readdir(lib)).filter((name) => name.endsWith(".jar")).map(unversioned));
  for (const name of ["x-pack-core", "x-pack-security"]) {
    const module = join(folder, name);
    await mkdir(module);
    await maven(module, [{ group: "org.elasticsearch.plugin", name, version }], { without: notServed });
    await rm(join(folder, "pom.xml"));
    for (const jar of await readdir(module)) {
      if (there.has(unversioned(jar)) || doubled.test(jar)) await rm(join(module, jar));
      else there.add(unversioned(jar));
    }
    await describeModule(module);
  }
}

function unversioned(jar: string): string {
  return jar.replace(/-\d.*$/, "");
}

function opensearchPlugin(version: string): Artifact {
  return { group: "org.opensearch.plugin", name: "opensearch-security", version: `${version}.0`, type: "zip" };
}

function folderOf(kind: EngineName, version: string): string {
  return join(enginesFolder, `${kind}-${version}`);
}
