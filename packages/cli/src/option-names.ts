interface OptionName {
  /** The name of the option of a pool. */
  readonly option: string;
  /** Its name on the command line. */
  readonly flag: string;
  /** The subject of a problem with it, if that is not the flag itself. */
  readonly subject?: string;
}

/** A more specific name stands before the one that it begins with. */
const optionNames: readonly OptionName[] = [
  { option: "nodes", flag: "--nodes" },
  { option: "redis", flag: "--redis" },
  { option: "name", flag: "--name" },
  { option: "secretFile", flag: "--secret-file" },
  { option: "secret", flag: "--secret" },
  { option: "discovery.intervalMs", flag: "--interval" },
  { option: "discovery.source", flag: "--discovery" },
  { option: "discovery.addressMap", flag: "--address-map" },
  { option: "discovery.allow.hosts", flag: "--allow" },
  { option: "discovery.allow.ports", flag: "--allow-port" },
  { option: "discovery.allow", flag: "--allow" },
  { option: "discovery.clusterUuid", flag: "--cluster-uuid" },
  { option: "proxy", flag: "--proxy" },
  { option: "sign", flag: "--sign" },
  { option: "tls.caFingerprint", flag: "--ca-fingerprint" },
  { option: "tls.ca", flag: "--ca", subject: "the file of --ca" },
  { option: "tls.cert", flag: "--cert", subject: "the file of --cert" },
  { option: "tls.key", flag: "--key", subject: "the file of --key" },
  { option: "tls.serverName", flag: "--server-name" },
  { option: "tls", flag: "--cert and --key" },
  { option: "auth.username", flag: "--username" },
  { option: "auth.passwordFile", flag: "--password-file" },
  { option: "auth.password", flag: "--password" },
  { option: "auth.apiKeyFile", flag: "--api-key-file" },
  { option: "auth.apiKey", flag: "--api-key" },
  { option: "auth.bearerFile", flag: "--bearer-file" },
  { option: "auth.bearer", flag: "--bearer" },
  { option: "auth", flag: "--username, --api-key or --bearer", subject: "the credential" },
];

/** A line of a `CONFIG` error in the words of the command line: `nodes[0]` is the first URL. */
export function inCommandLineWords(problem: string): string {
  const url = /^nodes\[(\d+)\]/.exec(problem);
  if (url !== null) return `URL ${Number(url[1]) + 1}${problem.slice(url[0].length)}`;
  const name = optionNames.find(
    ({ option }) => problem.startsWith(option) && !/^\w/.test(problem.slice(option.length)),
  );
  if (name === undefined) return problem;
  const place = problem.slice(name.option.length).replace(/^\[\d+\]/, "");
  return `${name.subject ?? name.flag}${place}`;
}

/** The flags for the options that the texts name, each once: `tls.ca is --ca`. */
export function flagsFor(texts: readonly string[]): readonly string[] {
  const named = optionNames.filter(({ option }) => texts.some((text) => namesOption(text, option)));
  return named.map(({ option, flag }) => `${option} is ${flag}`);
}

/** As a whole: `tls.ca` is not named by `tls.caFingerprint`. A plain word such as auth is a name in backticks only. */
function namesOption(text: string, option: string): boolean {
  if (!option.includes(".")) return text.includes(`\`${option}\``);
  return new RegExp(`(?<![\\w.])${option.replaceAll(".", "\\.")}(?!\\w|\\.\\w)`).test(text);
}
