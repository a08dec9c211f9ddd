import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { freePort } from "@rollcall/testing";
import { type FixtureOptions, startFixtureCluster } from "@rollcall/testing/fixture";
import { own } from "@rollcall/testing/processes";

// The tests run from test/dist/integration.
const cli = new URL("../../../packages/cli/", import.meta.url);
const program = fileURLToPath(new URL("dist/main.js", cli));

interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command with an environment of its own. `isOutputOpen: false`: its output is closed. */
async function rollcall(words: readonly string[], env: NodeJS.ProcessEnv = {}, isOutputOpen = true): Promise<Run> {
  const { PATH } = process.env;
  // On a busy machine a request may take long.
  const child = spawn(process.execPath, [program, ...words], { env: { PATH, ROLLCALL_TIMEOUT: "30000", ...env } });
  const owned = await own(child);
  child.stdin.end();
  if (!isOutputOpen) child.stdout.destroy();
  const [stdout, stderr, { code }] = await Promise.all([
    isOutputOpen ? text(child.stdout) : "",
    text(child.stderr),
    owned.gone,
  ]);
  return { code, stdout, stderr };
}

/** The fields of the JSON that these tests read. */
interface Report {
  readonly usable: number;
  readonly seeds: readonly { readonly outcome: string }[];
  readonly list: null | {
    readonly nodes: readonly {
      readonly name: string;
      readonly verdict: string;
      readonly published?: string;
      readonly address?: string;
      readonly reason: string;
    }[];
  };
}

function verdictsOf({ stdout }: Run): readonly string[] {
  const { list } = JSON.parse(stdout) as Report;
  return list?.nodes.map(({ name, verdict }) => `${name} ${verdict}`) ?? [];
}

/** Wrapped text on one line. */
function unwrapped(shown: string): string {
  return shown.replace(/\s+/g, " ");
}

const options = { timeout: 120_000 };

describe("rollcall sniff", () => {
  it("rollcall sniff explains a cluster that is well", options, async () => {
    await using cluster = await startFixtureCluster({
      nodes: 3,
      name: "logs",
      roles: [["data", "ingest"], ["cluster_manager"], ["data"]],
    });
    const [first = "", second = "", third = ""] = cluster.urls;
    const { code, stdout, stderr } = await rollcall(["sniff", first, third]);
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "" }, stdout);

    const steady = stdout.replace(/\d+ ms/g, "N ms");
    const at = (url: string) => new URL(url).host;
    assert.equal(
      steady,
      `Seeds
  listed       ${first}
               answers as n1, in N ms; its list is shown here
  listed       ${third}
               answers as n3, in N ms

Cluster
  name         logs
  uuid         ${cluster.uuid}
  version      2.19.1
  listed by    n1 at ${first}, in N ms
  _nodes       3 total, 3 successful, 0 failed

Nodes
  kept         n1  roles di  version 2.19.1
               published and used: ${at(first)}
  skipped      n2
               published: ${at(second)}
               it is a dedicated cluster manager (cluster_manager)
  kept         n3  roles d  version 2.19.1
               published and used: ${at(third)}
  roles        d data, i ingest

Diagnosis
  usable       2 of 3 listed nodes can be used: discovery works from here.
`,
    );
    assert.equal((await cluster.stats()).requests.other, 0, "it sends only sniffs and probes");
  });

  it("rollcall sniff takes the URLs from the environment where none is given", options, async () => {
    await using cluster = await startFixtureCluster({ nodes: 2 });
    const run = await rollcall(["sniff", "--json"], { ROLLCALL_NODES: cluster.urls.join(",") });
    assert.equal(run.code, 0, run.stderr);
    const { seeds } = JSON.parse(run.stdout) as Report;
    assert.equal(seeds.length, 2);
  });

  it("rollcall sniff writes JSON for scripts", options, async () => {
    await using cluster = await startFixtureCluster({ nodes: 2 });
    const run = await rollcall(["sniff", "--json", ...cluster.urls]);
    assert.equal(run.code, 0, run.stderr);
    assert.deepEqual(verdictsOf(run), ["n1 kept", "n2 kept"]);
    const { usable, seeds } = JSON.parse(run.stdout) as Report;
    assert.deepEqual([usable, ...seeds.map(({ outcome }) => outcome)], [2, "listed", "listed"]);
  });

  it("rollcall sniff reaches a cluster with TLS and users, each node with its own", options, async () => {
    await using cluster = await startFixtureCluster({
      nodes: 3,
      tls: true,
      users: [
        { username: "one", password: "geheim-1" },
        { username: "two", password: "geheim-2" },
      ],
    });
    const folder = await mkdtemp(join(tmpdir(), "rollcall-cli-"));
    try {
      const ca = join(folder, "ca.pem");
      await writeFile(ca, cluster.ca ?? "");
      const [first = "", second = ""] = cluster.urls;
      const withUser = second.replace("https://", "https://two:geheim-2@");
      const env = { ROLLCALL_USERNAME: "one", ROLLCALL_PASSWORD: "geheim-1" };

      const byCa = await rollcall(["sniff", "--json", first, withUser, "--ca", ca], env);
      assert.equal(byCa.code, 0, byCa.stderr);
      assert.deepEqual(verdictsOf(byCa), ["n1 kept", "n2 kept", "n3 kept"]);

      const byPin = await rollcall(["sniff", first, "--ca-fingerprint", cluster.caFingerprint ?? ""], env);
      assert.equal(byPin.code, 0, byPin.stdout);
      assert.match(byPin.stdout, /denied {7}n2 .*\n.*\n {15}GET \/ answered 401\n/);

      const untrusted = await rollcall(["sniff", first], env);
      assert.equal(untrusted.code, 3);
      assert.match(unwrapped(untrusted.stdout), /certificate .*: set `tls\.ca`/);
      assert.match(unwrapped(untrusted.stdout), /On this command line, .*tls\.ca is --ca/);

      const wrong = await rollcall(["sniff", first, "--ca", ca, "--username", "one", "--password", "geheim-3"]);
      assert.equal(wrong.code, 1);
      assert.match(unwrapped(wrong.stdout), /denied https:\S+ GET \/ answered 401 .*401 means that the user/);

      const anonymous = await rollcall(["sniff", first, "--ca", ca]);
      assert.equal(anonymous.code, 1);
      assert.match(unwrapped(anonymous.stdout), /No credential was sent: give --username/);

      for (const { stdout, stderr } of [byCa, byPin, untrusted, wrong, anonymous]) {
        assert.doesNotMatch(stdout + stderr, /geheim|Basic/);
      }
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("rollcall sniff names the address map where nothing that is published can be reached", options, async () => {
    const closedPort = await freePort();
    await using cluster = await startFixtureCluster({ nodes: 1, publish: () => `127.0.0.1:${closedPort}` });
    const [url = ""] = cluster.urls;
    const stuck = await rollcall(["sniff", url]);
    assert.equal(stuck.code, 1, stuck.stdout);
    assert.match(stuck.stdout, /unreachable {2}n1 .*\n.*\n {15}connection refused\n/);
    assert.match(unwrapped(stuck.stdout), new RegExp(`--address-map 127\\.0\\.0\\.1:${closedPort}=HOST:PORT`));

    const map = `elsewhere=10.0.0.1,127.0.0.1:${closedPort}=${new URL(url).host}`;
    const mapped = await rollcall(["sniff", url], { ROLLCALL_ADDRESS_MAP: map });
    assert.equal(mapped.code, 0, mapped.stdout);
    const line = `published: 127.0.0.1:${closedPort}, used: ${new URL(url).host}`;
    assert.ok(mapped.stdout.includes(line), mapped.stdout);
  });

  it("rollcall sniff matches a URL with the published address of the node that answers there", options, async () => {
    const uuid = "qEyW4gYVQ6-hx1mTxLZ3Cw";
    await using cluster = await startFixtureCluster({ nodes: 1, uuid });
    const host = new URL(cluster.urls[0] ?? "").host;
    const url = `http://${host.replace("127.0.0.1", "localhost")}`;
    const known = await rollcall(["sniff", url]);
    assert.equal(known.code, 0, known.stdout);
    assert.ok(known.stdout.includes(`published: ${host}, used: ${new URL(url).host}\n`), known.stdout);

    const body = JSON.stringify({ name: "n9", cluster_uuid: uuid });
    await cluster.nodes[0]?.set({ requests: [{ kind: "reply", on: { kind: "probe" }, body }] });
    const another = await rollcall(["sniff", url]);
    const lines = `published and used: ${host}\n               the node that answers there is n9\n`;
    assert.ok(another.stdout.includes(lines), another.stdout);
  });

  it("rollcall sniff connects to no host that credentials may not go to", options, async () => {
    await using cluster = await startFixtureCluster({
      nodes: 1,
      users: [{ bearer: "geheim" }],
      publish: () => "203.0.113.9:9200",
    });
    const run = await rollcall(["sniff", "--json", ...cluster.urls], { ROLLCALL_BEARER: "geheim" });
    assert.equal(run.code, 1, run.stderr);
    assert.deepEqual(verdictsOf(run), ["n1 refused"]);
    assert.match(run.stdout, /discovery\.allow\.hosts is --allow/);
  });

  it("rollcall sniff takes no published address behind a path, unless it is allowed", options, async () => {
    await using cluster = await startFixtureCluster({ nodes: 1, pathPrefix: "/es" });
    const proxied = await rollcall(["sniff", ...cluster.urls]);
    assert.equal(proxied.code, 1, proxied.stdout);
    assert.match(unwrapped(proxied.stdout), /skipped n1 .*looks like a proxy/);

    const allowed = await rollcall(["sniff", ...cluster.urls], { ROLLCALL_ALLOW: "10.0.0.0/8, 127.0.0.1" });
    assert.equal(allowed.code, 0, allowed.stdout);
  });

  const answered: readonly { readonly what: string; readonly fixture: FixtureOptions; readonly says: RegExp }[] = [
    {
      what: "may not list the nodes",
      fixture: { faults: { requests: [{ kind: "reply", status: 403, on: { kind: "sniff" } }] } },
      says: /denied http:\S+ answers as n1: GET \/_nodes\/http: status 403.*cluster:monitor\/nodes\/info/,
    },
    {
      what: "has not joined",
      fixture: { joined: false },
      says: /unverified http:\S+ answers as n1: has not joined a cluster yet/,
    },
    {
      what: "cannot answer now",
      fixture: { faults: { requests: [{ kind: "reply", status: 503, on: { kind: "probe" } }] } },
      says: /overloaded http:\S+ GET \/ answered 503/,
    },
    {
      what: "is no search node",
      fixture: { faults: { requests: [{ kind: "reply", body: "<html>hello</html>" }] } },
      says: /unverified http:\S+ GET \/ answered something that is not a JSON object/,
    },
  ];
  for (const { what, fixture, says } of answered) {
    it(`rollcall sniff ends with 1 when the one that answers ${what}`, options, async () => {
      await using cluster = await startFixtureCluster({ nodes: 1, ...fixture });
      const { code, stdout, stderr } = await rollcall(["sniff", ...cluster.urls]);
      assert.deepEqual({ code, stderr }, { code: 1, stderr: "" }, stdout);
      assert.match(unwrapped(stdout), says);
      assert.match(unwrapped(stdout), /not usable No configured node gave a list of nodes/);
    });
  }

  it("rollcall sniff reports nodes of another cluster", options, async () => {
    await using cluster = await startFixtureCluster({ nodes: 2 });
    await using other = await startFixtureCluster({ nodes: 1 });
    const [first = ""] = cluster.urls;
    await cluster.nodes[1]?.set({ uuid: "another-cluster" });

    const foreign = await rollcall(["sniff", first, ...other.urls, "--json"]);
    assert.equal(foreign.code, 0, foreign.stdout);
    assert.deepEqual(verdictsOf(foreign), ["n1 kept", "n2 foreign"]);
    const { seeds } = JSON.parse(foreign.stdout) as Report;
    assert.deepEqual(
      seeds.map(({ outcome }) => outcome),
      ["listed", "foreign"],
    );

    const pinned = await rollcall(["sniff", first, ...other.urls, "--json", "--cluster-uuid", other.uuid]);
    assert.equal(pinned.code, 0, pinned.stdout);
    assert.match(pinned.stdout, new RegExp(`"seed": "${other.urls[0]}"`));

    const neither = await rollcall(["sniff", first, ...other.urls, "--cluster-uuid", "a-third"]);
    assert.equal(neither.code, 1, neither.stdout);
    assert.match(unwrapped(neither.stdout), /belongs to another cluster.*that of --cluster-uuid/);
  });

  it("rollcall sniff ends with 3 when no node answers, in JSON too", options, async () => {
    const urls = [`http://127.0.0.1:${await freePort()}`, `https://127.0.0.1:${await freePort()}`];
    const { code, stdout } = await rollcall(["sniff", ...urls]);
    assert.equal(code, 3);
    assert.equal(stdout.match(/unreachable {2}http/g)?.length, 2, stdout);

    const json = await rollcall(["sniff", "--json", ...urls]);
    assert.equal(json.code, 3);
    assert.equal((JSON.parse(json.stdout) as Report).list, null);
  });

  it("rollcall sniff ends without an error when its output is closed", options, async () => {
    const run = await rollcall(["sniff", `http://127.0.0.1:${await freePort()}`], {}, false);
    assert.deepEqual(run, { code: 3, stdout: "", stderr: "" });
    assert.deepEqual(await rollcall(["sniff", "--help"], {}, false), { code: 0, stdout: "", stderr: "" });
  });
});

describe("wrong arguments", () => {
  const wrong: readonly { readonly words: readonly string[]; readonly says: RegExp }[] = [
    { words: [], says: /^Usage: rollcall / },
    { words: ["snif"], says: /^rollcall: unknown command 'snif'\n\(Did you mean sniff\?\)\n/ },
    { words: ["https://u:geheim@es1"], says: /^rollcall: unknown command; .* rollcall sniff URL\n/ },
    { words: ["sniff"], says: /^rollcall: missing required argument 'url'\n/ },
    { words: ["sniff", "--pasword", "geheim", "http://es1"], says: /--pasword\n\(Did you mean --password\?\)\n/ },
    { words: ["sniff", "--pasword=geheim", "http://es1"], says: /^rollcall: unknown option --pasword\n/ },
    { words: ["sniff", "http://es1", "--ca"], says: /^rollcall: option '--ca <file>' argument missing\n/ },
    {
      words: ["sniff", "http://u:geheim@es1:99999", "ftp://es2", "--username", "u", "--ca", "/nowhere"],
      says: /^rollcall: the configuration is wrong:\n(?= *--ca: )(?=[\s\S]*\n {2}URL 1 )(?=[\s\S]*\n {2}URL 2 )(?=[\s\S]*\n {2}--password is missing)/,
    },
  ];
  for (const { words, says } of wrong) {
    it(`rollcall ends with 2 and says what is wrong with: rollcall ${words.join(" ")}`, options, async () => {
      const { code, stdout, stderr } = await rollcall(words);
      assert.deepEqual({ code, stdout }, { code: 2, stdout: "" });
      assert.match(stderr, says);
      assert.doesNotMatch(stderr, /geheim|\n +at /);
    });
  }
});

describe("rollcall", () => {
  it("rollcall prints its version", options, async () => {
    const { version } = JSON.parse(await readFile(new URL("package.json", cli), "utf8")) as { version: string };
    assert.deepEqual(await rollcall(["--version"]), { code: 0, stdout: `${version}\n`, stderr: "" });
  });

  it(
    "rollcall has help of 80 columns that lists the exit codes and shows no value of the environment",
    options,
    async () => {
      const { code, stdout } = await rollcall(["sniff", "--help"], { ROLLCALL_PASSWORD: "geheim" });
      assert.equal(code, 0);
      assert.match(stdout, /Exit codes:\n {2}0 .*\n {2}1 .*\n.*\n {2}2 .*\n {2}3 /);
      assert.doesNotMatch(stdout, /geheim/);
      for (const line of stdout.split("\n")) assert.ok(line.length <= 80, line);
    },
  );
});
