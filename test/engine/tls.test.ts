import assert from "node:assert/strict";
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { RollcallError } from "@rollcall/core";
import { collectingLogger, waitUntil } from "@rollcall/testing";
import { makeCertificates, type NodeCertificate } from "@rollcall/testing/certificates";
import { type SecuredCluster, startSecuredEngine } from "@rollcall/testing/engines";
import { createPool, type Pool, type PoolOptions } from "@rollcall/worker";
import { engineTimeout, isFullMatrix, openPool, patient, waitForMembers } from "./support-engine.js";

const kind = "elasticsearch9";

/** The error of one write, which is sent only where that is safe, and the reason of its last attempt. */
async function failureOf(options: PoolOptions): Promise<RollcallError> {
  const pool = openPool({ discovery: false, ...options });
  try {
    await pool.request({ method: "POST", path: "/things/_doc", body: {}, timeoutMs: 30_000 });
  } catch (error) {
    assert.ok(error instanceof RollcallError);
    return error;
  } finally {
    await pool.close({ timeoutMs: 0 });
  }
  return assert.fail("the write has succeeded");
}

async function assertRefused(options: PoolOptions, attempt: RegExp, sentence: RegExp): Promise<void> {
  const error = await failureOf(options);
  assert.deepEqual([error.code, error.sent], ["TLS", "no"], error.message);
  assert.match(error.attempts.at(-1)?.code ?? "", attempt);
  assert.match(error.message, sentence);
}

/** Writes of class Never, six at once and without a pause. */
function startLoad(pool: Pool) {
  let running = true;
  let written = 0;
  const failed: string[] = [];
  const loops = Array.from({ length: 6 }, async () => {
    while (running) {
      try {
        const answer = await pool.request({ method: "POST", path: "/things/_doc", body: {}, timeoutMs: 60_000 });
        if (answer.ok) written++;
        else failed.push(`${answer.status}`);
      } catch (error) {
        failed.push(String(error));
      }
    }
  });
  return {
    failed,
    written: () => written,
    async more(count: number): Promise<void> {
      const from = written;
      await waitUntil(`${count} more writes are done`, () => failed.length > 0 || written > from + count, patient);
    },
    async stop(): Promise<void> {
      running = false;
      await Promise.all(loops);
    },
  };
}

/** Runs `renew` three times under load, with and without threads. No write fails. */
async function proveRenewal(cluster: SecuredCluster, options: PoolOptions, renew: () => Promise<void>): Promise<void> {
  for (const threads of [0, 2]) {
    const pool = createPool({ threads, logger: collectingLogger(), ...options });
    try {
      await pool.ready({ timeoutMs: 60_000 });
      await waitForMembers(pool, cluster.nodes);
      const load = startLoad(pool);
      try {
        await load.more(100);
        for (let times = 0; times < 3; times++) {
          await renew();
          await load.more(100);
        }
      } finally {
        await load.stop();
      }
      console.log(`${kind}, ${threads} threads: ${load.written()} written, ${load.failed.length} failed`);
      assert.deepEqual(load.failed, []);
      assert.ok(!pool.nodes().some(({ state }) => state === "down" || state === "unusable"));
    } finally {
      await pool.close({ timeoutMs: 0 });
    }
  }
}

const plainUrls = ({ urls }: SecuredCluster) => urls.map((url) => url.replace("https:", "http:"));
const unknownAuthority = /certificate authority is unknown: set `tls\.ca`/;
const plainToTls = /the port speaks TLS, and the node's URL is http: write https:\/\/ there/;

for (const clientCertificates of isFullMatrix ? (["none", "required"] as const) : []) {
  describe(`TLS of ${kind} whose nodes ask for client certificates: ${clientCertificates}`, engineTimeout, () => {
    let cluster: SecuredCluster;
    let own: NodeCertificate;
    let stranger: { readonly ca: string; readonly own: NodeCertificate };
    let common: Pick<PoolOptions, "nodes" | "auth">;
    const folder = mkdtempSync(join(tmpdir(), "rollcall-engine-tls-"));
    before(async () => {
      cluster = await startSecuredEngine({ kind, clientCertificates, onProgress: (line) => console.log(line) });
      own = await cluster.certificates.issue("client");
      const { ca, nodes } = await makeCertificates({ names: ["client"] });
      stranger = { ca, own: nodes[0] ?? assert.fail("one was asked for") };
      common = { nodes: cluster.urls, auth: cluster.nodes[0]?.user ?? assert.fail("no node") };
    }, engineTimeout);
    after(async () => {
      rmSync(folder, { recursive: true, force: true });
      await cluster?.close();
    });

    it("a pool that trusts another authority, or speaks http, sends nothing, and the error says what to do", async () => {
      const unknown = /^(?:SELF_SIGNED|UNABLE_TO|CERT_SIGNATURE|DEPTH_ZERO)/;
      await assertRefused({ ...common, tls: { ...own, ca: stranger.ca } }, unknown, unknownAuthority);
      await assertRefused({ ...common, nodes: plainUrls(cluster) }, /^ERR_TLS_ONLY$/, plainToTls);
    });

    if (clientCertificates === "none") {
      it("a node's certificate is renewed under load, and no write fails", async () => {
        const { ca, issue } = cluster.certificates;
        let turn = 0;
        const connections = { maxAgeMs: 1_000 };
        await proveRenewal(cluster, { ...common, tls: { ca }, connections }, async () => {
          const node = cluster.nodes[turn++ % cluster.nodes.length] ?? assert.fail("no node");
          await node.useCertificate(await issue(node.name));
        });
      });
      return;
    }

    it("a pool without a client certificate, or with another authority's, sends nothing, and the error says so", async () => {
      const { ca } = cluster.certificates;
      const missing = /requires a client certificate|refuses the client certificate, or got none/;
      await assertRefused({ ...common, tls: { ca } }, /_ALERT_/, missing);
      await assertRefused({ ...common, tls: { ca, ...stranger.own } }, /_ALERT_/, /client certificate/);
    });

    it("the files of a client certificate are renewed under load, and no write fails while the new one is good", async () => {
      const [certFile, keyFile] = [join(folder, "cert.pem"), join(folder, "key.pem")];
      const write = ({ cert, key }: NodeCertificate) => {
        for (const [file, text] of [[certFile, cert] as const, [keyFile, key] as const]) {
          writeFileSync(`${file}.new`, text, { mode: 0o600 });
          renameSync(`${file}.new`, file);
        }
      };
      write(own);
      const { ca, issue } = cluster.certificates;
      const logger = collectingLogger();
      const isReread = (count: number) => logger.messages("info", "its new content is in use").length >= count;
      const options = { ...common, tls: { ca, certFile, keyFile }, logger };
      let renewals = 0;
      await proveRenewal(cluster, options, async () => {
        write(await issue("client"));
        renewals++;
        await waitUntil("both files are read again", () => isReread(2 * renewals), patient);
      });
      // What is written last is what new connections show: nodes refuse this one.
      const pool = createPool({ ...options, discovery: false });
      try {
        assert.ok((await pool.request({ method: "GET", path: "/_cluster/health" })).ok);
        write(stranger.own);
        const refused = async () => {
          const error = await pool.request({ method: "GET", path: "/_cluster/health" }).then(
            () => undefined,
            (failure: unknown) => failure,
          );
          return error instanceof RollcallError && error.code === "TLS";
        };
        await waitUntil("the nodes refuse the new certificate", refused, patient);
      } finally {
        await pool.close({ timeoutMs: 0 });
      }
    });
  });
}
