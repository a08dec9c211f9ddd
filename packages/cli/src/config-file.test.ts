import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { it } from "node:test";
import { parseCoordinatorConfig } from "@rollcall/core/config";
import { makeCertificates } from "@rollcall/testing/certificates";
import { type CoordinatorFlags, readCoordinatorSettings } from "./coordinator-options.js";
import { assertProblems, problemsOf } from "./options.test.support.js";

const enough = { nodes: ["http://es1:9200"], redis: "redis://r", name: "logs" } as const;

/** Reads flags beside a configuration of this text, with these files beside it. */
async function withConfig<Result>(
  config: object | string,
  files: Readonly<Record<string, string>>,
  use: (
    read: (flags?: CoordinatorFlags) => ReturnType<typeof readCoordinatorSettings>,
    file: string,
  ) => Promise<Result>,
): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), "rollcall-cli-"));
  try {
    const file = join(folder, "coordinator.json");
    await writeFile(file, typeof config === "string" ? config : JSON.stringify(config));
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
    return await use((flags = {}) => readCoordinatorSettings({ ...flags, config: file }), file);
  } finally {
    await rm(folder, { recursive: true });
  }
}

it("the module that signs is taken from the folder of the configuration, and a flag's from the working directory", async () => {
  await withConfig({ ...enough, sign: "sign.mjs" }, {}, async (read, file) => {
    assert.equal((await read()).options.sign, join(dirname(file), "sign.mjs"));
    assert.equal((await read({ sign: "sign.mjs" })).options.sign, join(process.cwd(), "sign.mjs"));
    assert.deepEqual(await problemsOf(read({ bearer: "t" })), [
      `${file}: sign: must not be given together with auth: requests are signed instead`,
    ]);
  });
});

it("the file of `secretFile` is taken from the folder of the configuration, and gives way to a flag's secret", async () => {
  await withConfig({ ...enough, secretFile: "secret" }, {}, async (read, file) => {
    assert.equal((await read()).options.secretFile, join(dirname(file), "secret"));
    const { secret, secretFile } = (await read({ secret: "0123456789abcdef" })).options;
    assert.deepEqual([secret, secretFile], ["0123456789abcdef", undefined]);
  });
});

it("a configuration has the options of a pool by their names, and secrets in files beside it", async () => {
  const config = {
    nodes: ["http://es1:9200", { url: "http://es2:9200", auth: { username: "two", passwordFile: "two" } }],
    redisFile: "redis",
    name: "logs",
    auth: { username: "one", passwordFile: "one" },
    headers: { "x-team": "search" },
    discovery: { intervalMs: 5_000, addressMap: { "a:1": "b:2" } },
    logLevel: "warn",
  };
  const files = { one: "geheim-1\n", two: "geheim-2\r\n", redis: "redis://:geheim@r:6380/1\n" };
  await withConfig(config, files, async (read, file) => {
    const { options, logLevel } = await read();
    const { seeds, defaultAuth, redis, headers, discovery } = parseCoordinatorConfig(options);
    // The coordinator reads them, and again when they change.
    assert.deepEqual(defaultAuth, { username: "one", passwordFile: join(dirname(file), "one") });
    assert.deepEqual(seeds[1]?.auth, { username: "two", passwordFile: join(dirname(file), "two") });
    assert.deepEqual([redis, headers], [{ kind: "url", url: "redis://:geheim@r:6380/1" }, { "x-team": "search" }]);
    assert.deepEqual(discovery, { source: "sniff", intervalMs: 5_000, addressMap: { "a:1": "b:2" } });
    assert.equal(logLevel, "warn");
  });
});

it("a flag takes the place of what the configuration says, part by part", async () => {
  const config = {
    ...enough,
    auth: { username: "one", password: "geheim" },
    discovery: { source: "dns", intervalMs: 5_000, clusterUuid: "qEyW4gYVQ6-hx1mTxLZ3Cw" },
    logLevel: "warn",
  };
  await withConfig(config, {}, async (read) => {
    const { options, logLevel } = await read({
      nodes: ["http://es9:9200"],
      password: "another",
      interval: "7000",
      logLevel: "debug",
    });
    const { seeds, defaultAuth, discovery } = parseCoordinatorConfig(options);
    assert.deepEqual([seeds.length, seeds[0]?.host, logLevel], [1, "es9", "debug"]);
    assert.deepEqual(defaultAuth, { username: "one", password: "another" });
    assert.deepEqual(discovery, {
      source: "dns",
      intervalMs: 7_000,
      addressMap: {},
      clusterUuid: "qEyW4gYVQ6-hx1mTxLZ3Cw",
    });
    const byKey = parseCoordinatorConfig((await read({ apiKey: "a2V5" })).options);
    assert.deepEqual(byKey.defaultAuth, { apiKey: "a2V5" }, "a kind of credential takes the place of another");
    assert.equal((await read({ discovery: "off" })).options.discovery, false);
  });
  await withConfig({ ...enough, discovery: false }, {}, async (read) => {
    assert.equal((await read()).options.discovery, false);
  });
});

it("a file of --ca takes the place of the configuration's authority", async () => {
  const { ca, nodes } = await makeCertificates({ names: ["es1"] });
  const [own] = nodes;
  const tls = { caFile: "ca.pem", ...own, serverName: "es1" };
  await withConfig({ ...enough, tls }, { "ca.pem": ca }, async (read, file) => {
    const caFile = join(dirname(file), "ca.pem");
    assert.deepEqual((await read({ ca: caFile })).options.tls, { ...own, serverName: "es1", caFile });
  });
});

it("files of certificates stay files, which the coordinator reads again when they are renewed", async () => {
  const { ca, nodes } = await makeCertificates({ names: ["es1"] });
  const [own] = nodes;
  assert.ok(own !== undefined);
  const tls = { caFile: "ca.pem", certFile: "cert.pem", keyFile: "key.pem" };
  const files = { "ca.pem": ca, "cert.pem": own.cert, "key.pem": own.key };
  await withConfig({ ...enough, tls }, files, async (read, file) => {
    const at = (name: string) => join(dirname(file), name);
    const named = { caFile: at("ca.pem"), certFile: at("cert.pem"), keyFile: at("key.pem") };
    assert.deepEqual((await read()).options.tls, named);
  });
});

it("each problem of a configuration names its file and the option's path, and that of a flag the flag", async () => {
  const config = {
    nodes: ["ftp://u:geheim@a"],
    auth: { username: "u", passwordFile: "none", password: "geheim" },
    tls: { caFile: "nowhere.pem", keyFile: 5 },
  };
  await withConfig(config, {}, async (read, file) => {
    const starts = `
      ${file}: auth.passwordFile and auth.password are both given; give one
      ${file}: tls.caFile: cannot read the file "${file.replace("coordinator.json", "nowhere.pem")}": ENOENT
      ${file}: tls.keyFile: must be the name of a file
    `;
    assertProblems(await problemsOf(read()), starts);
  });
  const wrong = {
    ...enough,
    nodes: ["ftp://u:geheim@a"],
    intervalMs: 5,
    logger: false,
    discovery: { interval: 5, allow: { ports: [0] } },
    logLevel: "loud",
  };
  await withConfig(wrong, {}, async (read, file) => {
    const starts = `
      ${file}: nodes[0] = "[redacted]@a": must be a URL
      ${file}: intervalMs: unknown option
      ${file}: logger: unknown option; did you mean logLevel?
      ${file}: discovery.interval: unknown option; did you mean intervalMs?
      ${file}: discovery.allow.ports[0] = 0: must be
      ${file}: logLevel = "loud": must be one of debug, info, warn, error
      --interval = 5: must be a whole number
      --name = "a b": must be
    `;
    assertProblems(await problemsOf(read({ interval: "5", name: "a b" })), starts);
  });
});

it("a configuration that cannot be read or is not JSON is one problem, with the place and no part of the text", async () => {
  assert.deepEqual(await problemsOf(readCoordinatorSettings({ config: "/nowhere/c.json" })), [
    '--config: cannot read the file "/nowhere/c.json": ENOENT',
  ]);
  for (const [text, problem] of [
    ['{\n  "password": "geheim",\n}', /coordinator\.json: is not JSON, at line 3, column 1$/],
    ["geheim", /coordinator\.json: is not JSON/],
    ["[]", /coordinator\.json: is not an object of options$/],
  ] as const) {
    await withConfig(text, {}, async (read) => {
      const [line = "", ...others] = await problemsOf(read());
      assert.match(line, problem);
      assert.deepEqual(others, []);
    });
  }
});
