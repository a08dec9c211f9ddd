import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** A private key and its certificate, both PEM. */
export interface KeyPair {
  readonly key: string;
  readonly cert: string;
}

/** A new certificate authority by the `openssl` command. Two with the same name differ in their keys alone. */
export function makeAuthority(name: string): Promise<KeyPair> {
  return inFolder(async (folder) => {
    await writeFile(join(folder, "ca.conf"), authorityConfig(name));
    const made = ["-x509", "-config", "ca.conf", "-days", "3", "-out", "cert.pem"];
    await run("openssl", [...newKey, ...made], { cwd: folder });
    return readPair(folder);
  });
}

/**
 * A server's certificate for these names (`DNS:es1`, `IP:127.0.0.1`). It expires after `days`, which may be negative.
 * It names its issuer and not its issuer's key, so that two authorities of one name differ only in their signatures.
 */
export function issue(authority: KeyPair, names: readonly string[], days = 3): Promise<KeyPair> {
  return inFolder(async (folder) => {
    await writeFile(join(folder, "ca.pem"), authority.cert);
    await writeFile(join(folder, "ca-key.pem"), authority.key, { mode: 0o600 });
    await writeFile(join(folder, "node.conf"), serverConfig(names));
    await run("openssl", [...newKey, "-config", "node.conf", "-out", "request.pem"], { cwd: folder });
    const signedBy = ["-CA", "ca.pem", "-CAkey", "ca-key.pem", "-CAcreateserial", "-days", `${days}`];
    const extensions = ["-extfile", "node.conf", "-extensions", "extensions", "-out", "cert.pem"];
    await run("openssl", ["x509", "-req", "-in", "request.pem", ...signedBy, ...extensions], { cwd: folder });
    return readPair(folder);
  });
}

const newKey = "req -new -nodes -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -keyout key.pem".split(" ");

const authorityConfig = (name: string) => `
[req]
prompt = no
distinguished_name = subject
x509_extensions = extensions
[subject]
CN = ${name}
[extensions]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign
`;

const serverConfig = (names: readonly string[]) => `
[req]
prompt = no
distinguished_name = subject
[subject]
CN = node
[extensions]
basicConstraints = critical, CA:false
authorityKeyIdentifier = none
subjectAltName = ${names.join(", ")}
`;

async function readPair(folder: string): Promise<KeyPair> {
  const read = (file: string) => readFile(join(folder, file), "utf8");
  return { key: await read("key.pem"), cert: await read("cert.pem") };
}

async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "rollcall-coordinator-"));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
