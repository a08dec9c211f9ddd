import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "node:test";
import { ClusterAccess, systemTimers } from "@rollcall/coordinator";
import { parseCoordinatorConfig } from "@rollcall/core/config";
import { collectingLogger, waitUntil } from "@rollcall/testing";
import { makeCertificates } from "@rollcall/testing/certificates";
import { Command } from "commander";
import { addCoordinatorOptions, type CoordinatorFlags, readCoordinatorSettings } from "./coordinator-options.js";
import { assertProblems, problemsOf } from "./options.test.support.js";

const enough = { nodes: ["http://es1:9200"], redis: "redis://r", name: "logs" } as const;

const readCoordinatorOptions = async (flags: CoordinatorFlags) => (await readCoordinatorSettings(flags)).options;
const problemsIn = (flags: CoordinatorFlags) => problemsOf(readCoordinatorOptions(flags));

/** What commander makes of these words, with these variables set and no others. */
function flagsOf(words: readonly string[], variables: Readonly<Record<string, string>>): CoordinatorFlags {
  const before = process.env;
  process.env = { ...variables };
  try {
    return addCoordinatorOptions(new Command()).parse(words, { from: "user" }).opts<CoordinatorFlags>();
  } finally {
    process.env = before;
  }
}

async function withFile(text: string, use: (name: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "rollcall-cli-"));
  try {
    const name = join(folder, "secret");
    await writeFile(name, text);
    await use(name);
  } finally {
    await rm(folder, { recursive: true });
  }
}

it("flags become the options of a coordinator", async () => {
  const options = await readCoordinatorOptions({
    ...enough,
    nodes: ["http://es1:9200", "https://u:p@es2/es"],
    apiKey: "a2V5",
    caFingerprint: "ab".repeat(32),
    allow: ["10.0.0.0/8"],
    addressMap: ["a:1=b:2"],
    clusterUuid: "qEyW4gYVQ6-hx1mTxLZ3Cw",
    interval: "5000",
  });
  const config = parseCoordinatorConfig(options);
  assert.deepEqual(
    config.seeds.map(({ host, pathPrefix }) => host + pathPrefix),
    ["es1", "es2/es"],
  );
  assert.deepEqual([config.redis, config.name], [{ kind: "url", url: "redis://r" }, "logs"]);
  assert.deepEqual(config.defaultAuth, { apiKey: "a2V5" });
  assert.deepEqual(config.discovery, {
    source: "sniff",
    intervalMs: 5_000,
    addressMap: { "a:1": "b:2" },
    allow: { hosts: ["10.0.0.0/8"] },
    clusterUuid: "qEyW4gYVQ6-hx1mTxLZ3Cw",
  });
});

it("--discovery off turns discovery off", async () => {
  assert.equal((await readCoordinatorOptions({ ...enough, discovery: "off" })).discovery, false);
});

it("secrets are read from files, without the line break at their end", async () => {
  await withFile("ge heim\r\n", async (passwordFile) => {
    const { auth } = await readCoordinatorOptions({ ...enough, username: "u", passwordFile });
    assert.deepEqual(parseCoordinatorConfig({ ...enough, auth }).defaultAuth, { username: "u", passwordFile });
  });
  for (const [text, expected] of [
    ["redis://:geheim@r:6380/1\n", "redis://:geheim@r:6380/1"],
    ['{ "sentinels": [{ "host": "s" }], "name": "m" }\n', { sentinels: [{ host: "s" }], name: "m" }],
  ] as const) {
    await withFile(text, async (redisFile) => {
      assert.deepEqual(
        (await readCoordinatorOptions({ nodes: enough.nodes, name: "logs", redisFile })).redis,
        expected,
      );
    });
  }
});

it("the files of --ca, --cert and --key are read again when they are renewed", async () => {
  const { ca, nodes, issue } = await makeCertificates({ names: ["first"] });
  const [first] = nodes;
  assert.ok(first !== undefined);
  await withFile(first.cert, async (cert) => {
    const [caFile, key] = [`${cert}-ca`, `${cert}-key`];
    await writeFile(caFile, ca);
    await writeFile(key, first.key);
    const flags = { ...enough, nodes: ["https://es1:9200"], ca: caFile, cert, key };
    const options = await readCoordinatorOptions(flags);
    assert.deepEqual(options.tls, { caFile, certFile: cert, keyFile: key });
    const access = new ClusterAccess(parseCoordinatorConfig(options), systemTimers, collectingLogger());
    const shown = () => {
      const reach = access.reach({ host: "es1", port: 9200 });
      return reach.kind === "endpoint" ? reach.endpoint.tls : assert.fail(reach.reason);
    };
    try {
      void access.start();
      const second = await issue("second");
      await writeFile(cert, second.cert);
      await writeFile(key, second.key);
      await waitUntil("the renewed pair is in use", () => shown().cert === second.cert && shown().key === second.key);
    } finally {
      access.close();
    }
    // A pair that does not fit is reported where it is used, by the names of the flags.
    await writeFile(key, first.key);
    assert.deepEqual(Object.keys((await readCoordinatorOptions(flags)).tls ?? {}), ["caFile", "cert", "key"]);
  });
});

it("what is missing is reported by the flag's name, once", async () => {
  assertProblems(await problemsIn({}), "--nodes is missing:\n--redis is missing:\n--name is missing:");
  const unread = await problemsIn({ nodes: enough.nodes, name: "logs", redisFile: "/nowhere/redis" });
  assert.deepEqual(unread, ['--redis-file: cannot read the file "/nowhere/redis": ENOENT']);
});

it("all problems of the coordinator's flags are reported at once, by the flag's name, and no secret", async () => {
  const problems = await problemsIn({
    nodes: ["ftp://u:geheim@a"],
    redis: "http://:geheim@r",
    name: "a b",
    username: "u",
    password: "geheim",
    passwordFile: "/nowhere/password",
    interval: "soon",
    discovery: "maybe",
  });
  const starts = `
    --password and --password-file are both given
    --discovery must be on, off or dns
    URL 1 =
    --interval = "soon": must be a whole number from 1000 to 86400000
    --redis = [redacted]: must be a URL that begins with redis://
    --name = "a b": must be 1 to 64 letters
  `;
  assertProblems(problems, starts);
});

it("a text that cannot be read as JSON is not shown", async () => {
  const problems = await problemsIn({ ...enough, redis: '{ "password": "geheim" ' });
  assert.deepEqual(problems, ["--redis begins with a brace but is not JSON"]);
});

it("flags that discovery alone uses are refused when it is off", async () => {
  assert.deepEqual(await problemsIn({ ...enough, discovery: "off", interval: "5000", allow: ["10.0.0.0/8"] }), [
    "--discovery off cannot be combined with --interval, --allow",
  ]);
});

it("environment variables can hold every option, and lists with commas", () => {
  const { options } = addCoordinatorOptions(new Command());
  assert.ok(options.length > 20 && options.every(({ envVar }) => envVar?.startsWith("ROLLCALL_")));
  const flags = flagsOf([], {
    ROLLCALL_NODES: "http://a:1, http://b:2",
    ROLLCALL_REDIS: "redis://r",
    ROLLCALL_NAME: "logs",
    ROLLCALL_PASSWORD_FILE: "/run/secrets/password",
    ROLLCALL_ALLOW_PORT: "9200,9201",
  });
  assert.deepEqual(flags, {
    nodes: ["http://a:1", "http://b:2"],
    redis: "redis://r",
    name: "logs",
    passwordFile: "/run/secrets/password",
    allowPort: ["9200", "9201"],
  });
});

it("a flag takes the place of its environment variable, a list as a whole", () => {
  const flags = flagsOf(["--name", "metrics", "--nodes", "http://c:3", "--nodes", "http://d:4"], {
    ROLLCALL_NODES: "http://a:1,http://b:2",
    ROLLCALL_NAME: "logs",
  });
  assert.deepEqual(flags, { nodes: ["http://c:3", "http://d:4"], name: "metrics" });
});
