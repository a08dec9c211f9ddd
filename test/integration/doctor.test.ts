import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { freePort, waitUntil } from "@rollcall/testing";
import { startFixtureCluster } from "@rollcall/testing/fixture";
import { own } from "@rollcall/testing/processes";
import { startRedis } from "@rollcall/testing/redis";

// The tests run from test/dist/integration.
const program = fileURLToPath(new URL("../../../packages/cli/dist/main.js", import.meta.url));
const options = { timeout: 120_000 };
const secret = "geheim-1";

async function start(words: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const { PATH } = process.env;
  const child = spawn(process.execPath, [program, "doctor", ...words], {
    env: { PATH, ROLLCALL_TIMEOUT: "60000", ...env },
  });
  const owned = await own(child);
  const output = Promise.all([text(child.stdout), text(child.stderr), owned.gone]);
  return {
    child,
    run: output.then(([stdout, stderr, { code }]) => ({ code, stdout, stderr, said: unwrapped(stdout) })),
  };
}

async function doctor(words: readonly string[], env: NodeJS.ProcessEnv = {}) {
  return (await start(words, env)).run;
}

/** Wrapped text on one line. */
function unwrapped(shown: string): string {
  return shown.replace(/\s+/g, " ");
}

interface Report {
  readonly isWell: boolean;
  readonly end: string;
  readonly changes: readonly {
    readonly cause: string;
    readonly isFault: boolean;
    readonly paste?: readonly string[];
  }[];
}

const causesOf = ({ stdout }: { readonly stdout: string }) =>
  (JSON.parse(stdout) as Report).changes.map(({ cause }) => cause);

describe("rollcall doctor", () => {
  it(
    "rollcall doctor finds nothing wrong with a cluster and a Redis that are well, and shows each step",
    options,
    async () => {
      const user = { username: "monitor", password: secret };
      await using cluster = await startFixtureCluster({ nodes: 2, name: "logs", tls: true, users: [user] });
      await using redis = await startRedis({ password: secret });
      const account = { user_name: "monitor", roles: ["monitoring"] };
      const told = { kind: "reply", on: { path: "/_plugins" }, body: JSON.stringify(account) } as const;
      for (const node of cluster.nodes) await node.set({ requests: [told] });
      const folder = await mkdtemp(join(tmpdir(), "rollcall-doctor-"));
      try {
        const ca = join(folder, "ca.pem");
        await writeFile(ca, cluster.ca ?? "");
        const env = { ROLLCALL_PASSWORD: secret, ROLLCALL_REDIS: redis.url, ROLLCALL_NODES: cluster.urls.join(",") };
        const { code, said, stdout, stderr } = await doctor(
          ["--ca", ca, "--username", "monitor", "--name", "logs"],
          env,
        );
        assert.deepEqual({ code, stderr }, { code: 0, stderr: "" }, stdout);
        for (const expected of [
          /name 127\.0\.0\.1 is an address TCP 127\.0\.0\.1: open, in \d+ ms TLS TLSv1\.3 in \d+ ms certificate of CN=n1, for DNS:n1/,
          /ends \d{4}-\d\d-\d\d, [123] days left issued by CN=test CA/,
          /credential GET \/ answered 200, GET \/_nodes\/http 200 it is monitor; roles monitoring/,
          /identity n1 of logs uuid \S+ opensearch 2\.19\.1 clock as here, to the second/,
          /kept n1 .* kept n2 /,
          /with RESP3, in \d+ ms server Redis \d\S+, standalone, primary, no memory limit, eviction noeviction/,
          /permissions to read the view: all that it needs to lead it: all that it needs/,
          /What to change well All is well.* note There is no view logs .* note A certificate ends soon/,
        ]) {
          assert.match(said, expected, stdout);
        }
        assert.doesNotMatch(stdout, /geheim|Basic/);
        assert.deepEqual(await redis.client.keys("*"), [], "it writes no key");
      } finally {
        await rm(folder, { recursive: true });
      }
    },
  );

  it("rollcall doctor says what is wrong, the cause first, and its address map makes it right", options, async () => {
    const [closed = 0, other = 0] = [await freePort(), await freePort()];
    // With a credential the host policy refuses the second address before it is tried.
    const user = { username: "monitor", password: secret };
    await using cluster = await startFixtureCluster({
      ...{ nodes: 2, users: [user] },
      publish: ({ position }) => (position === 0 ? `127.0.0.1:${closed}` : `n2.invalid:${other}`),
    });
    const env = { ROLLCALL_USERNAME: "monitor", ROLLCALL_PASSWORD: secret };
    const found = await doctor(["--json", "--nodes", cluster.urls.join(",")], env);
    assert.equal(found.code, 1, found.stderr);
    assert.deepEqual(causesOf(found), ["addresses"]);
    const { changes } = JSON.parse(found.stdout) as Report;
    const pairs = (changes[0]?.paste ?? []).flatMap((line) => {
      const [, from, to] = /"(.+)": "(.+)", \/\/ n\d$/.exec(line) ?? [];
      return from === undefined ? [] : [`${from}=${to}`];
    });
    assert.equal(pairs.length, 2, found.stdout);
    const mapped = await doctor(["--nodes", cluster.urls.join(","), "--address-map", pairs.join(",")], env);
    assert.equal(mapped.code, 0, mapped.stdout);

    const bad = ["https://no-such-host.invalid:9200", `http://127.0.0.1:${closed}`, cluster.urls[0] ?? ""];
    const faults = await doctor(["--nodes", bad.join(",")]);
    assert.equal(faults.code, 1, faults.stdout);
    assert.match(
      faults.said,
      /1 fault (There is no host|The resolver of this machine gives no answer for) no-such-host\.invalid/,
    );
    assert.match(faults.said, /2 fault 127\.0\.0\.1:\d+ cannot be connected to: connection refused \(ECONNREFUSED\)/);
  });

  it(
    "rollcall doctor names the authority, the privilege and the Redis permission that are missing, and no secret",
    options,
    async () => {
      await using cluster = await startFixtureCluster({
        nodes: 1,
        tls: true,
        users: [{ username: "u", password: secret }],
      });
      const limited =
        "on >geheim-2 resetkeys resetchannels -@all +hello +auth +ping +info %R~{rollcall:logs}:* &{rollcall:logs}:*";
      await using redis = await startRedis({ users: { limited } });
      const nodes = cluster.urls[0]?.replace("https://", `https://u:${secret}@`) ?? "";
      const at = { ROLLCALL_REDIS: redis.urlFor({ username: "limited", password: "geheim-2" }), ROLLCALL_NAME: "logs" };

      const untrusted = await doctor(["--nodes", nodes], at);
      assert.equal(untrusted.code, 3, untrusted.stdout);
      assert.match(
        untrusted.said,
        /1 fault The certificate of \S+ was issued by an authority that is not trusted here, "CN=test CA"/,
      );
      assert.ok(untrusted.stdout.includes(`caFingerprint: "${cluster.caFingerprint}"`), untrusted.stdout);
      assert.match(
        untrusted.said,
        /lacks permissions that every process needs: TIME, GETRANGE, PUBLISH, .*the channel events/,
      );
      assert.match(
        untrusted.stdout,
        /^ +ACL SETUSER rollcall-replica .* %R~\{rollcall:logs\}:\* \(\+subscribe \+ssubscribe &\{rollcall:logs\}:events .*\)$/m,
      );

      const forbidden = { kind: "reply", status: 403, on: { path: "/_nodes" } } as const;
      await cluster.nodes[0]?.set({ requests: [forbidden] });
      const pinned = await doctor(["--json", "--nodes", nodes, "--ca-fingerprint", cluster.caFingerprint ?? ""]);
      assert.equal(causesOf(pinned)[0], "privilege", pinned.stdout);
      for (const { stdout, stderr } of [untrusted, pinned]) assert.doesNotMatch(stdout + stderr, /geheim|Basic/);
    },
  );

  it("rollcall doctor ends when its time is over, or at an interruption, with what it has seen", options, async () => {
    await using cluster = await startFixtureCluster({ nodes: 1 });
    await cluster.nodes[0]?.set({ connections: "black-hole" });
    const nodes = ["--json", "--nodes", cluster.urls[0] ?? ""];
    const late = await doctor([...nodes, "--timeout", "1000"]);
    assert.equal(late.code, 1, late.stdout);
    assert.deepEqual([(JSON.parse(late.stdout) as Report).end, causesOf(late)], ["late", []]);

    const before = (await cluster.stats()).connections;
    const { child, run } = await start(nodes);
    await waitUntil("it has connected", async () => (await cluster.stats()).connections > before);
    child.kill("SIGINT");
    const interrupted = await run;
    assert.equal((JSON.parse(interrupted.stdout) as Report).end, "interrupted", interrupted.stdout);
  });
});
