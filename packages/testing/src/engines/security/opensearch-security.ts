import { chmod, cp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeCertificates } from "../../certificates.js";
import type { SecuredEngineOptions } from "../contract.js";
import type { ClusterSecurity } from "./cluster-security.js";

/** The plugin's own demo user, which may do everything. */
const administrator = { username: "admin", password: "admin" } as const;

const files = { pemcert: "node.pem", pemkey: "node-key.pem", pemtrustedcas: "ca.pem" } as const;
const clientCertificateModes = { none: "NONE", optional: "OPTIONAL", required: "REQUIRE" } as const;

/** The security plugin of OpenSearch. `plugin` is where it is unpacked; `names` are the nodes'. */
export async function opensearchSecurity(
  plugin: string,
  names: readonly string[],
  options: SecuredEngineOptions,
): Promise<ClusterSecurity> {
  if (options.users === "per-node") throw new Error("users of OpenSearch's security plugin are the whole cluster's");
  const certificates = await makeCertificates({ names, ips: ["127.0.0.1"] });
  const client = await certificates.issue("tests");
  return {
    certificates,
    hasOwnHosts: false,
    async prepare({ name, position, home }) {
      const { key, cert } = certificates.nodes[position] ?? (await certificates.issue(name));
      const config = join(home, "config");
      await cp(join(plugin, "config"), join(config, "opensearch-security"), { recursive: true });
      await chmod(config, 0o700);
      await writeFile(join(config, files.pemcert), cert);
      await writeFile(join(config, files.pemkey), key, { mode: 0o600 });
      await writeFile(join(config, files.pemtrustedcas), certificates.ca);
      return {
        settings: settingsOf(options),
        access: { ca: certificates.ca, ...client, user: administrator },
        changePassword: () => Promise.reject(new Error("the password of OpenSearch's demo user stays")),
        writeCertificate: () => Promise.reject(new Error("OpenSearch does not reread its certificate")),
      };
    },
  };
}

function settingsOf(options: SecuredEngineOptions): Record<string, string> {
  const { clientCertificates = "none", protocols, ciphers } = options;
  const paths = (layer: "http" | "transport") =>
    Object.entries(files).map(([what, file]) => [`plugins.security.ssl.${layer}.${what}_filepath`, file] as const);
  return {
    ...Object.fromEntries([...paths("transport"), ...paths("http")]),
    "plugins.security.ssl.transport.enforce_hostname_verification": "false",
    "plugins.security.ssl.http.enabled": "true",
    "plugins.security.ssl.http.clientauth_mode": clientCertificateModes[clientCertificates],
    ...(protocols === undefined ? {} : { "plugins.security.ssl.http.enabled_protocols": protocols.join(",") }),
    ...(ciphers === undefined ? {} : { "plugins.security.ssl.http.enabled_ciphers": ciphers.join(",") }),
    // With TLS an engine compresses no answer by itself.
    "http.compression": "true",
    "plugins.security.nodes_dn": "CN=n*",
    "plugins.security.allow_default_init_securityindex": "true",
    "plugins.security.allow_unsafe_democertificates": "true",
  };
}
