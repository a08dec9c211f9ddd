import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { parseClusterConfig } from "@rollcall/core/config";
import { collectingLogger, waitUntil } from "@rollcall/testing";
import { systemTimers } from "../system-timers.js";
import { issue, type KeyPair, makeAuthority } from "./certificates.test.support.js";
import { TlsFiles } from "./tls-files.js";

const folder = mkdtempSync(join(tmpdir(), "rollcall-tls-files-"));
after(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}

function open(tls: object, logger = collectingLogger()) {
  const config = parseClusterConfig({ nodes: ["https://es1:9200"], tls });
  assert.ok(config.tls !== undefined);
  return { files: new TlsFiles(config, systemTimers, logger), given: config.tls };
}

describe("files of certificates", () => {
  let first: KeyPair;
  let second: KeyPair;
  before(async () => {
    const authority = await makeAuthority("ours");
    [first, second] = await Promise.all([issue(authority, ["DNS:a"]), issue(authority, ["DNS:a"])]);
  });

  it("a file that cannot be used at the start is an error that names option and file, and quotes nothing of it", () => {
    const certFile = write("cert.pem", first.cert);
    const cases = [
      [{ caFile: join(folder, "absent.pem") }, /^tls\.caFile: the file ".*absent\.pem" does not exist$/],
      [{ caFile: write("empty.pem", "") }, /^tls\.caFile: the file ".*" is empty$/],
      [{ caFile: write("text.pem", "sesame") }, /^tls\.caFile: the file ".*" does not begin with a certificate/],
      [{ certFile, keyFile: write("other.pem", second.key) }, /^tls\.keyFile: the key is not that of the certificate$/],
      [
        { certFile, keyFile: write("locked.pem", "-----BEGIN ENCRYPTED PRIVATE KEY-----\nsesame") },
        /^tls\.keyFile: the file ".*" holds an encrypted key: write the key without its passphrase$/,
      ],
    ] as const;
    for (const [tls, message] of cases) {
      assert.throws(
        () => open(tls),
        (error: Error) => message.test(error.message) && !error.message.includes("sesame"),
      );
    }
  });

  it("a certificate that is renewed before its key is used together with it, and not before", async () => {
    const [certFile, keyFile] = [write("tls.crt", first.cert), write("tls.key", first.key)];
    const logger = collectingLogger();
    const { files, given } = open({ certFile, keyFile }, logger);
    let changes = 0;
    files.onChange(() => changes++);
    files.start();
    try {
      const before = files.of(given);
      assert.deepEqual([before.cert, before.key], [first.cert, first.key]);
      write("tls.crt", second.cert);
      await waitUntil("the half is seen", () => JSON.stringify(logger.lines).includes("the pair before stays in use"));
      assert.equal(files.of(given), before);
      write("tls.key", second.key);
      await waitUntil("the pair is complete", () => changes > 0);
      const renewed = files.of(given);
      assert.deepEqual([renewed.cert, renewed.key, changes], [second.cert, second.key, 1]);
    } finally {
      files.close();
    }
  });
});
