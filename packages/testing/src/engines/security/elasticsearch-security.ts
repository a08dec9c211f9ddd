import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { canary } from "../../canary.js";
import { makeCertificates, type NodeCertificate } from "../../certificates.js";
import type { EngineUser, SecuredEngineOptions } from "../contract.js";
import { hostAt } from "../host-at.js";
import type { ClusterSecurity, NodeSecurity } from "./cluster-security.js";

/** How soon a node sees that a file has changed. Its own default is 5 s. */
const rereadEvery = "250ms";

/** As many addresses are in every certificate. */
const mostNodes = 8;

/** The security of Elasticsearch 8 and 9: x-pack with TLS and the file realm, whose users are each node's own. */
export async function elasticsearchSecurity(
  names: readonly string[],
  options: SecuredEngineOptions,
): Promise<ClusterSecurity> {
  const certificates = await makeCertificates({
    names,
    ips: Array.from({ length: mostNodes }, (_, position) => hostAt(position)),
  });
  const client = await certificates.issue("tests");
  const shared = newUser("everyone");
  return {
    certificates,
    hasOwnHosts: options.users === "per-node",
    async prepare({ name, position, home }) {
      const config = join(home, "config");
      let user = options.users === "per-node" ? newUser(`user-of-${name}`) : shared;
      const pair = certificates.nodes[position] ?? (await certificates.issue(name));
      // The transport's are files of their own: a bad certificate for clients leaves the cluster whole.
      for (const layer of ["http", "transport"]) {
        await mkdir(join(config, layer));
        await writePair(join(config, layer), pair);
      }
      await writeFile(join(config, "ca.pem"), certificates.ca);
      await writeUser(config, user);
      const node: NodeSecurity = {
        settings: settingsOf(options),
        get access() {
          return { ca: certificates.ca, ...client, user };
        },
        async changePassword() {
          if (options.users !== "per-node")
            throw new Error('only with users: "per-node" is a password the node\'s own');
          user = newUser(user.username);
          await writeUser(config, user);
          return user;
        },
        writeCertificate: (certificate) => writePair(join(config, "http"), certificate),
      };
      return node;
    },
  };
}

function newUser(username: string): EngineUser {
  return { username, password: canary(username) };
}

async function writeUser(config: string, { username, password }: EngineUser): Promise<void> {
  // The realm takes a password that is not hashed, and so no processor hashes it at each request.
  await replaceFile(join(config, "users"), `${username}:${password}\n`);
  await replaceFile(join(config, "users_roles"), `superuser:${username}\n`);
}

async function writePair(folder: string, { key, cert }: NodeCertificate): Promise<void> {
  await replaceFile(join(folder, "key.pem"), key);
  await replaceFile(join(folder, "cert.pem"), cert);
}

/** No reader sees half of it. */
async function replaceFile(file: string, text: string): Promise<void> {
  await writeFile(`${file}.new`, text, { mode: 0o600 });
  await rename(`${file}.new`, file);
}

function settingsOf(options: SecuredEngineOptions): Record<string, string> {
  const { clientCertificates = "none", protocols, ciphers } = options;
  const ssl = (layer: "http" | "transport") => ({
    [`xpack.security.${layer}.ssl.enabled`]: "true",
    [`xpack.security.${layer}.ssl.key`]: `${layer}/key.pem`,
    [`xpack.security.${layer}.ssl.certificate`]: `${layer}/cert.pem`,
    [`xpack.security.${layer}.ssl.certificate_authorities`]: "ca.pem",
  });
  return {
    "xpack.security.enabled": "true",
    ...ssl("http"),
    ...ssl("transport"),
    "xpack.security.transport.ssl.verification_mode": "certificate",
    "xpack.security.http.ssl.client_authentication": clientCertificates,
    ...(protocols === undefined ? {} : { "xpack.security.http.ssl.supported_protocols": protocols.join(",") }),
    ...(ciphers === undefined ? {} : { "xpack.security.http.ssl.cipher_suites": ciphers.join(",") }),
    "resource.reload.interval.high": rereadEvery,
    // With TLS an engine compresses no answer by itself.
    "http.compression": "true",
  };
}
