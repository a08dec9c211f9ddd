import { execFile } from "node:child_process";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { EngineName } from "./contract.js";
import { fillOnce } from "./fill-once.js";
import { type Artifact, releases } from "./releases.js";

const run = promisify(execFile);

export const engineVersions = {
  opensearch: releases.opensearch.version,
  elasticsearch: releases.elasticsearch.version,
};

const enginesFolder = fileURLToPath(new URL("../../../../.cache/engines/", import.meta.url));
const dependencyPlugin = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1";
const fetchTimeoutMs = 600_000;

const securityPlugin: Artifact = {
  group: "org.opensearch.plugin",
  name: "opensearch-security",
  version: "2.19.1.0",
  type: "zip",
};

export interface FetchedEngine {
  /** Folder of the server's jars. */
  readonly lib: string;
  /** Folder of the unpacked security plugin: jars, and its default configuration in `config/`. */
  readonly security?: string;
}

export interface FetchOptions {
  /** OpenSearch only. Default false. */
  readonly secured?: boolean;
  readonly onProgress?: (line: string) => void;
}

/**
 * Fetches an engine's jars with Maven into the repository's `.cache`, unless they are there.
 *
 * @throws when Java or Maven is missing, or with Maven's own words
 */
export async function fetchEngine(kind: EngineName, options: FetchOptions = {}): Promise<FetchedEngine> {
  const { secured = false, onProgress = () => {} } = options;
  const { version, artifacts, moduleJars } = releases[kind];
  const lib = join(enginesFolder, `${kind}-${version}`, "lib");
  await fillOnce(lib, async (folder) => {
    onProgress(`fetching ${kind} ${version} with Maven, once (about 50 MB)`);
    await maven(folder, artifacts, "copy-dependencies", "-DincludeScope=runtime");
    if (moduleJars !== undefined) await separateModule(folder, moduleJars);
  });
  if (!secured) return { lib };

  const security = join(enginesFolder, `${kind}-${version}`, "security");
  await fillOnce(security, async (folder) => {
    onProgress(`fetching the security plugin of ${kind} ${version} with Maven, once (about 45 MB)`);
    await maven(folder, [securityPlugin], "unpack-dependencies", "-DexcludeTransitive=true");
  });
  return { lib, security };
}

/** Below `lib`, where the class path does not reach it. */
export const moduleFolder = "transport-netty4";

/** Moves the transport's jars into a folder of their own, with the description that its own jar holds. */
async function separateModule(lib: string, jars: RegExp): Promise<void> {
  const module = join(lib, moduleFolder);
  await mkdir(module);
  for (const jar of (await readdir(lib)).filter((name) => jars.test(name) && name.endsWith(".jar"))) {
    await rename(join(lib, jar), join(module, jar));
  }
  const [own = ""] = (await readdir(module)).filter((name) => name.startsWith(moduleFolder));
  const place = `META-INF/es-plugins/${moduleFolder}/plugin-descriptor.properties`;
  await run("jar", ["--extract", "--file", own, place], { cwd: module });
  const description = await readFile(join(module, place), "utf8");
  // Nothing here is a module of Java's.
  await writeFile(join(module, "plugin-descriptor.properties"), description.replace(/^modulename=.*$/m, ""));
  await rm(join(module, "META-INF"), { recursive: true });
}

async function maven(folder: string, wanted: readonly Artifact[], goal: string, option: string): Promise<void> {
  const pom = join(folder, "..", "pom.xml");
  await writeFile(pom, pomFor(wanted));
  const parameters = [
    "-q",
    "-B",
    "-ntp",
    "-f",
    pom,
    `${dependencyPlugin}:${goal}`,
    option,
    `-DoutputDirectory=${folder}`,
  ];
  // Maven runs for seconds: to compile it well would take longer than that saves.
  const env = {
    ...process.env,
    MAVEN_OPTS: `${process.env.MAVEN_OPTS ?? ""} -XX:TieredStopAtLevel=1 -XX:+UseSerialGC`,
  };
  try {
    await run("mvn", parameters, { timeout: fetchTimeoutMs, env });
  } catch (error) {
    const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string };
    const words = `${stdout}\n${stderr}`.trim().split("\n").slice(0, 12).join("\n");
    throw new Error(`Maven could not fetch ${wanted.map(({ name }) => name).join(", ")}:\n${words}`, { cause: error });
  }
}

function pomFor(wanted: readonly Artifact[]): string {
  const dependencies = wanted.map(
    ({ group, name, version, type }) => `
    <dependency>
      <groupId>${group}</groupId><artifactId>${name}</artifactId><version>${version}</version>
      ${type === undefined ? "" : `<type>${type}</type>`}
    </dependency>`,
  );
  return `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>rollcall.test</groupId><artifactId>engine</artifactId><version>1</version>
  <dependencies>${dependencies.join("")}
  </dependencies>
</project>
`;
}
