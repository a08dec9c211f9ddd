import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Artifact } from "./releases.js";

const run = promisify(execFile);

const dependencyPlugin = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1";
const fetchTimeoutMs = 600_000;

export interface MavenOptions {
  /** "unpack": the artifacts themselves, unpacked; otherwise their jars and those that they need. */
  readonly unpack?: boolean;
  /** What is left out of what they need, as `group:name`. */
  readonly without?: readonly string[];
}

/** Puts artifacts into a folder. @throws with Maven's own words */
export async function maven(folder: string, wanted: readonly Artifact[], options: MavenOptions = {}): Promise<void> {
  const pom = join(folder, "..", "pom.xml");
  await writeFile(pom, pomFor(wanted, options.without ?? []));
  const [goal, option] = options.unpack
    ? ["unpack-dependencies", "-DexcludeTransitive=true"]
    : ["copy-dependencies", "-DincludeScope=runtime"];
  const parameters = [
    ...["-q", "-B", "-ntp", "-f", pom],
    ...[`${dependencyPlugin}:${goal}`, option, `-DoutputDirectory=${folder}`],
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

function pomFor(wanted: readonly Artifact[], without: readonly string[]): string {
  const excluded = without.map((one) => {
    const [group, name] = one.split(":");
    return `<exclusion><groupId>${group}</groupId><artifactId>${name}</artifactId></exclusion>`;
  });
  const exclusions = excluded.length === 0 ? "" : `<exclusions>${excluded.join("")}</exclusions>`;
  const dependencies = wanted.map(
    ({ group, name, version, type }) => `
    <dependency>
      <groupId>${group}</groupId><artifactId>${name}</artifactId><version>${version}</version>
      ${type === undefined ? "" : `<type>${type}</type>`}${exclusions}
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
