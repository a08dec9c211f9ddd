import { execFile } from "node:child_process";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { compileJava } from "./compile-launcher.js";

const run = promisify(execFile);

const descriptor = "plugin-descriptor.properties";

/**
 * Makes a folder of jars a module that Elasticsearch 8 and 9 load from disk, by the description within its own jar. The
 * class path must not have these jars, too.
 */
export async function describeModule(folder: string): Promise<void> {
  const name = folder.slice(folder.lastIndexOf("/") + 1);
  const own = (await readdir(folder)).find((jar) => jar.startsWith(`${name}-`) && /-\d[\d.]*\.jar$/.test(jar));
  if (own === undefined) throw new Error(`${folder} has no jar of that name`);
  const place = `META-INF/es-plugins/${name}/${descriptor}`;
  await run("jar", ["--extract", "--file", own, place], { cwd: folder });
  const description = await readFile(join(folder, place), "utf8");
  // Nothing here is a module of Java's.
  await writeFile(join(folder, descriptor), description.replace(/^modulename=.*$/m, ""));
  await rm(join(folder, "META-INF"), { recursive: true });
}

/** Moves the jars of the transport out of `lib`, whose jars are the class path, into a module below it. */
export async function separateTransport(lib: string, jars: RegExp): Promise<string> {
  const module = join(lib, "transport-netty4");
  await mkdir(module);
  for (const jar of (await readdir(lib)).filter((name) => jars.test(name) && name.endsWith(".jar"))) {
    await rename(join(lib, jar), join(module, jar));
  }
  await describeModule(module);
  return module;
}

/** Compiles a module of our own: what the index of API keys needs of one that is in no registry. */
export async function makeWordsModule(folder: string, java: string, lib: string, version: string): Promise<void> {
  await mkdir(folder);
  await compileJava(java, "AnalysisWords.java", lib, join(folder, "classes"));
  await run("jar", ["--create", "--file", join(folder, "analysis-words.jar"), "-C", join(folder, "classes"), "."]);
  await rm(join(folder, "classes"), { recursive: true });
  const description = {
    ...{ name: "analysis-words", description: "words of analysis-common", classname: "AnalysisWords" },
    ...{ version, "elasticsearch.version": version, "java.version": "17" },
  };
  const lines = Object.entries(description).map(([key, value]) => `${key}=${value}\n`);
  await writeFile(join(folder, descriptor), lines.join(""));
}
