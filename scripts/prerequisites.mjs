/**
 * Checks for what the tests need beside Node, and installs what is missing where that is possible without asking: with
 * apt-get, as root or with sudo that needs no password. Otherwise it prints the line to type and exits with 1. Where
 * nothing is missing it changes nothing.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";

const oldestJava = 17;

const prerequisites = [
  { what: `java (a JDK, ${oldestJava} or newer)`, name: "jdk", isThere: () => javaVersion() >= oldestJava },
  { what: "mvn", name: "maven", isThere: () => runs("mvn", "--version") },
  { what: "openssl", name: "openssl", isThere: () => runs("openssl", "version") },
  { what: "redis-server", name: "redis-server", isThere: () => runs("redis-server", "--version") },
];

const missing = missingNow();
if (missing.length === 0) {
  console.log(`prerequisites: all there (${prerequisites.map(({ what }) => what).join(", ")})`);
} else {
  console.log(`prerequisites: missing ${missing.map(({ what }) => what).join(", ")}`);
  const root = asRoot();
  if (root === undefined || !runs("apt-get", "--version")) giveUp(missing);
  install(root, missing);
  const left = missingNow();
  if (left.length > 0) giveUp(left);
  console.log("prerequisites: all there now");
}

function missingNow() {
  return prerequisites.filter(({ isThere }) => !isThere());
}

/** The words before a command that make it run as root; undefined when nothing does. */
function asRoot() {
  if (process.getuid?.() === 0) return [];
  return runs("sudo", "-n", "true") ? ["sudo", "-n"] : undefined;
}

function install(root, wanted) {
  must(root, "apt-get", "update");
  const packages = wanted.map(({ name }) => (name === "jdk" ? jdkPackage() : name));
  const installed = withoutServices(root, () =>
    attempt(root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-y", ...packages),
  );
  if (!installed) giveUp(missingNow());
}

/**
 * Keeps what is installed meanwhile from being started as a service, which Debian does by default: the tests start
 * their own Redis, and need no other one. `invoke-rc.d` asks this file, where it is there; 101 means "do not".
 */
function withoutServices(root, work) {
  const policy = "/usr/sbin/policy-rc.d";
  // An existing policy stays.
  if (existsSync(policy)) return work();
  // An interrupt ends apt-get as well. This process goes on to clean up, or no service would ever start here again.
  const liveOn = () => {};
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, liveOn);
  attempt(root, "sh", "-c", `printf '#!/bin/sh\\nexit 101\\n' > ${policy} && chmod 755 ${policy}`);
  try {
    return work();
  } finally {
    attempt(root, "rm", "-f", policy);
    for (const signal of ["SIGINT", "SIGTERM"]) process.removeListener(signal, liveOn);
  }
}

function jdkPackage() {
  const preferred = `openjdk-${oldestJava}-jdk-headless`;
  const fallback = "default-jdk-headless"; // newer releases of Debian have no Java 17
  return !isOffered(preferred) && isOffered(fallback) ? fallback : preferred;
}

function isOffered(name) {
  const { stdout } = spawnSync("apt-cache", ["policy", name], { encoding: "utf8" });
  return /Candidate: (?!\(none\))/.test(stdout ?? "");
}

function giveUp(wanted) {
  const packages = wanted.map(({ name }) => (name === "jdk" ? jdkPackage() : name)).join(" ");
  const sudo = process.getuid?.() === 0 ? "" : "sudo ";
  console.error(`prerequisites: install them with\n  ${sudo}apt-get update && ${sudo}apt-get install -y ${packages}`);
  process.exit(1);
}

/** The major version of a Java that can compile; 0 without one. */
function javaVersion() {
  const { stdout } = spawnSync("java", ["--list-modules"], { encoding: "utf8" });
  return Number(/^jdk\.compiler@(\d+)/m.exec(stdout ?? "")?.[1] ?? 0);
}

function runs(command, ...parameters) {
  return spawnSync(command, parameters, { stdio: "ignore" }).status === 0;
}

function attempt(root, ...words) {
  const [command, ...parameters] = [...root, ...words];
  console.log(`prerequisites: ${command} ${parameters.join(" ")}`);
  return spawnSync(command, parameters, { stdio: ["ignore", "inherit", "inherit"] }).status === 0;
}

function must(root, ...words) {
  if (attempt(root, ...words)) return;
  console.error(`prerequisites: "${words.join(" ")}" failed`);
  process.exit(1);
}
