import { spawn } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { closeSync, openSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { type OwnedProcess, own } from "../child-processes.js";
import { waitUntil } from "../wait-until.js";
import { type Access, askNode, shownCertificate } from "./ask-node.js";
import type { EngineNode, SecuredNode } from "./contract.js";
import type { NodeSecurity } from "./security/cluster-security.js";

export const startTimeoutMs = 240_000;

export interface EngineNodeSettings {
  /** The command of its Java. */
  readonly java: string;
  /** The name of its class, which is on the class path. */
  readonly launcher: string;
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly logFile: string;
  readonly classPath: string;
  /** Classes on it. */
  readonly plugins: readonly string[];
  readonly heapMegabytes: number;
  readonly systemProperties: Readonly<Record<string, string>>;
  /** Settings of the node; its HTTP port is added. */
  readonly settings: Readonly<Record<string, string>>;
  /** Of a secured cluster: the node speaks https. */
  readonly security?: NodeSecurity;
}

/** Where there is no security, what a secured node has beside another throws. */
export interface ManagedEngineNode extends EngineNode, SecuredNode {
  readonly running: boolean;
  /** How to talk to it. */
  readonly access: Access;
}

/** A node that has not been started. */
export function createEngineNode(node: EngineNodeSettings): ManagedEngineNode {
  const { name, host, logFile } = node;
  let { port } = node;
  let jvm: OwnedProcess | undefined;
  const url = () => `${node.security === undefined ? "http" : "https"}://${host}:${port}`;
  const access = () => node.security?.access ?? {};
  const security = () => {
    if (node.security === undefined) throw new Error(`${name} has no security`);
    return node.security;
  };

  return {
    name,
    logFile,
    get url() {
      return url();
    },
    get address() {
      return `${host}:${port}`;
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
    get access() {
      return access();
    },
    get user() {
      return security().access.user;
    },
    async ask(method, path, body) {
      const question = { method, timeoutMs: 60_000, ...(body === undefined ? {} : { body }) };
      const { status, text } = await askNode(`${url()}${path}`, access(), question);
      if (status < 200 || status > 299) throw new Error(`${name} answered ${status} to ${method} ${path}: ${text}`);
      return JSON.parse(text);
    },
    async rotatePassword() {
      const user = await security().changePassword();
      const isAccepted = async () => (await askNode(url(), access())).status === 200;
      await waitUntil(`${name} accepts the new password`, isAccepted);
      return user;
    },
    async useCertificate(certificate) {
      await security().writeCertificate(certificate);
      const { fingerprint256 } = new X509Certificate(certificate.cert);
      const isShown = async () => (await shownCertificate(host, port, access())) === fingerprint256;
      await waitUntil(`${name} shows the new certificate`, isShown);
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
            return askNode(url(), access()).catch(() => undefined);
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
  const settings = { ...node.settings, ...node.security?.settings, "http.port": `${port}` };
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
