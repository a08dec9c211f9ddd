import { execFile } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

const validDays = 3;

/** A key (PKCS#8) and its certificate, both PEM. */
export interface NodeCertificate {
  readonly key: string;
  readonly cert: string;
}

export interface Certificates {
  /** The CA's certificate, PEM. */
  readonly ca: string;
  /** SHA-256 of the CA's certificate, upper-case hex with colons. */
  readonly caFingerprint: string;
  /** One for each name asked for, in order. */
  readonly nodes: readonly NodeCertificate[];
  /** Signs one more, good for so many days from now: for -1, it expired yesterday. Default 3. */
  issue(name: string, days?: number): Promise<NodeCertificate>;
}

export interface CertificateRequest {
  /** Node names: each becomes a common name and, beside "localhost", a DNS name. */
  readonly names: readonly string[];
  /** Addresses every certificate is good for. Default 127.0.0.1 to 127.0.0.4. */
  readonly ips?: readonly string[];
}

/**
 * A new CA and certificates for server and client, by the `openssl` command, good for a few days.
 *
 * Two calls have nothing in common: the certificate of one cluster is a wrong certificate to another.
 */
export async function makeCertificates({
  names,
  ips = ["127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4"],
}: CertificateRequest): Promise<Certificates> {
  const { key: caKey, cert: ca } = await inTemporaryFolder(async (folder) => {
    await writeFile(join(folder, "ca.conf"), caConfig);
    await openssl(
      folder,
      ...newKey("key.pem"),
      "-x509",
      "-config",
      "ca.conf",
      "-days",
      `${validDays}`,
      "-out",
      "cert.pem",
    );
    return readPair(folder);
  });

  const issue = (name: string, days = validDays) =>
    inTemporaryFolder(async (folder) => {
      await writeFile(join(folder, "ca.pem"), ca);
      await writeFile(join(folder, "ca-key.pem"), caKey, { mode: 0o600 });
      await writeFile(join(folder, "node.conf"), nodeConfig(name, ips));
      await openssl(folder, ...newKey("key.pem"), "-config", "node.conf", "-out", "request.pem");
      const signedBy = ["-CA", "ca.pem", "-CAkey", "ca-key.pem", "-CAcreateserial", "-days", `${days}`];
      const extensions = ["-extfile", "node.conf", "-extensions", "extensions"];
      await openssl(folder, "x509", "-req", "-in", "request.pem", ...signedBy, ...extensions, "-out", "cert.pem");
      return readPair(folder);
    });

  const nodes: NodeCertificate[] = [];
  for (const name of names) nodes.push(await issue(name));
  return { ca, caFingerprint: new X509Certificate(ca).fingerprint256, nodes, issue };
}

const caConfig = `
[req]
prompt = no
distinguished_name = subject
x509_extensions = extensions
[subject]
CN = test CA
[extensions]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
`;

const nodeConfig = (name: string, ips: readonly string[]) => `
[req]
prompt = no
distinguished_name = subject
[subject]
CN = ${name}
[extensions]
basicConstraints = critical, CA:false
keyUsage = critical, digitalSignature, keyAgreement
extendedKeyUsage = serverAuth, clientAuth
subjectAltName = ${[`DNS:${name}`, "DNS:localhost", ...ips.map((ip) => `IP:${ip}`)].join(", ")}
`;

const newKey = (file: string) => [
  ...["req", "-new", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"],
  ...["-keyout", file],
];

async function openssl(folder: string, ...parameters: string[]): Promise<void> {
  await run("openssl", parameters, { cwd: folder });
}

async function readPair(folder: string): Promise<NodeCertificate> {
  const [key, cert] = await Promise.all(["key.pem", "cert.pem"].map((file) => readFile(join(folder, file), "utf8")));
  if (key === undefined || cert === undefined) throw new Error("openssl wrote no certificate");
  return { key, cert };
}

async function inTemporaryFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "rollcall-certificates-"));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
