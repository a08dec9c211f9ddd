import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { EngineAvailability } from "./contract.js";
import { jdkVersion } from "./find-java.js";

const run = promisify(execFile);

const oldestJava = 17;

/** Whether this machine can fetch and run an engine: a JDK (launchers are compiled) and Maven. */
export async function engineAvailability(): Promise<EngineAvailability> {
  const missing = [
    ...((await jdkVersion("java")) >= oldestJava ? [] : [`java (a JDK, ${oldestJava} or newer)`]),
    ...((await canRun("mvn", ["--version"])) ? [] : ["mvn (Maven)"]),
  ];
  return missing.length === 0
    ? { available: true }
    : { available: false, missing, hint: "apt-get install -y openjdk-17-jdk-headless maven" };
}

/** @throws one line that names what is missing and what to type */
export async function requireEngines(): Promise<void> {
  const found = await engineAvailability();
  if (!found.available) {
    throw new Error(`real engines need ${found.missing.join(" and ")}, not found here; install with: ${found.hint}`);
  }
}

async function canRun(command: string, parameters: readonly string[]): Promise<boolean> {
  try {
    await run(command, parameters);
    return true;
  } catch {
    return false;
  }
}
