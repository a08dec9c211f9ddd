import assert from "node:assert/strict";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { describe, it } from "node:test";
import { makeCertificates } from "./certificates.js";

describe("certificates", () => {
  it("are signed by the CA and good for their name, localhost and four loopback addresses", async () => {
    const { ca, caFingerprint, nodes, issue } = await makeCertificates({ names: ["n1"] });
    const authority = new X509Certificate(ca);
    assert.ok(authority.ca);
    assert.equal(authority.fingerprint256, caFingerprint);
    for (const [at, { key, cert }] of [...nodes, await issue("n2")].entries()) {
      const certificate = new X509Certificate(cert);
      assert.ok(certificate.verify(authority.publicKey));
      assert.ok(certificate.checkPrivateKey(createPrivateKey(key)));
      assert.match(key, /^-----BEGIN PRIVATE KEY-----/); // PKCS#8
      assert.ok(certificate.checkHost(`n${at + 1}`) && certificate.checkHost("localhost"));
      for (const ip of ["127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4"]) assert.ok(certificate.checkIP(ip));
      assert.ok(!certificate.checkIP("127.0.0.5"));
    }
  });

  it("of two calls have nothing in common", async () => {
    const [one, two] = await Promise.all([makeCertificates({ names: ["n1"] }), makeCertificates({ names: [] })]);
    const [{ cert } = { cert: "" }] = one.nodes;
    assert.ok(!new X509Certificate(cert).verify(new X509Certificate(two.ca).publicKey));
  });
});
