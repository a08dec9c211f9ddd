import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { type OwnedProcess, own } from "../child-processes.js";
import { waitUntil } from "../wait-until.js";
import { type Access, askNode } from "./ask-node.js";
import type { EngineNode } from "./contract.js";

export const startTimeoutMs = 240_000;

export interface EngineNodeSettings {
  /** The command of its Java. */
  readonly java: string;
  /** The name of its class, which is on the class path. */
  readonly launcher: string;
  readonly name: string;
  readonly port: number;
  readonly logFile: string;
  readonly classPath: string;
  readonly plugins: readonly string[];
  readonly heapMegabytes: number;
  readonly systemProperties: Readonly<Record<string, string>>;
  /** Settings of the node; its HTTP port is added. */
  readonly settings: Readonly<Record<string, string>>;
  /** How to talk to it: https when there is a CA. */
  readonly access: Access;
}

export interface ManagedEngineNode extends EngineNode {
  readonly running: boolean;
}

/** A node that has not been started. */
export function createEngineNode(node: EngineNodeSettings): ManagedEngineNode {
  const { name, logFile } = node;
  let { port } = node;
  let jvm: OwnedProcess | undefined;
  const url = () => `${node.access.ca === undefined ? "http" : "https"}://127.0.0.1:${port}`;

  return {
    name,
    logFile,
    get url() {
      return url();
    },
    get port() {
      return port;
    },
    get pid() {
      if (jvm === undefined) throw new Error(`${name} has never been started`);
      return jvm.pid;
    },
    get running() {
      return jvm?.alive === true;
    },
    pause: () => jvm?.pause(),
    resume: () => jvm?.resume(),
    async kill() {
      await jvm?.kill();
    },
    async stop() {
      await jvm?.stop();
    },
    async start(options = {}) {
      if (jvm?.alive) throw new Error(`${name} is running already`);
      port = options.port ?? port;
      const started = await launch(node, port);
      jvm = started;
      try {
        await waitUntil(
          `${name} answers at ${url()}`,
          async () => {
            if (!started.alive) throw new Error(`${name} ended while it was starting`);
            return askNode(url(), node.access).catch(() => undefined);
          },
          { timeoutMs: startTimeoutMs, everyMs: 100 },
        );
      } catch (error) {
        await started.kill();
        throw new Error(`${name} did not start; its last words:\n${await tailOf(logFile)}`, { cause: error });
      }
    },
  };
}

async function launch(node: EngineNodeSettings, port: number): Promise<OwnedProcess> {
  const heap = `${node.heapMegabytes}m`;
  const properties = { ...node.systemProperties, plugins: node.plugins.join(",") };
  const settings = { ...node.settings, "http.port": `${port}` };
  const parameters = [
    ...[`-Xms${heap}`, `-Xmx${heap}`, "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"],
    // The classes are those of a release: to verify each again is a third of what a start costs.
    ...["-XX:+UnlockDiagnosticVMOptions", "-XX:-BytecodeVerificationRemote"],
    ...Object.entries(properties).map(([key, value]) => `-D${key}=${value}`),
    ...["-cp", node.classPath],
    node.launcher,
    ...Object.entries(settings).map(([key, value]) => `${key}=${value}`),
  ];
  const log = openSync(node.logFile, "a");
  try {
    // The launcher ends when its standard input, a pipe from this process, does.
    return await own(spawn(node.java, parameters, { stdio: ["pipe", log, log] }));
  } finally {
    closeSync(log);
  }
}

/** The end of a log, for an error message. */
export async function tailOf(file: string, lines = 25): Promise<string> {
  const text = await readFile(file, "utf8").catch(() => "(no log)");
  return text.trimEnd().split("\n").slice(-lines).join("\n");
}
