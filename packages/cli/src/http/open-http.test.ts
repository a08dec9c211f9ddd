import assert from "node:assert/strict";
import { type RequestOptions, request } from "node:https";
import { it } from "node:test";
import { RollcallError, silentLogger } from "@rollcall/core";
import { freePort } from "@rollcall/testing";
import { makeCertificates } from "@rollcall/testing/certificates";
import type { HttpOptions } from "./http-options.js";
import { openHttp } from "./open-http.js";

const address = async () => ({ host: "127.0.0.1", port: await freePort(), isLoopback: true });

/** The status of `/livez`; the code of the error where there is none. */
function statusOf(options: RequestOptions): Promise<number | string | undefined> {
  return new Promise((resolve) => {
    request({ host: "127.0.0.1", path: "/livez", agent: false, ...options }, (response) => {
      response.resume().on("end", () => resolve(response.statusCode));
    })
      .on("error", (error: NodeJS.ErrnoException) => resolve(error.code))
      .end();
  });
}

it("with the authorities of clients, only a client with their certificate gets an answer", async () => {
  const [ours, other] = [
    await makeCertificates({ names: ["page", "ada"] }),
    await makeCertificates({ names: ["eve"] }),
  ];
  const [own, ada] = ours.nodes;
  const [eve] = other.nodes;
  assert.ok(own !== undefined && ada !== undefined && eve !== undefined);
  const tls = { cert: Buffer.from(own.cert), key: Buffer.from(own.key), clientCa: Buffer.from(ours.ca) };
  const options: HttpOptions = { address: await address(), tls };
  const { port } = options.address;
  const page = await openHttp(options, silentLogger);
  try {
    assert.equal(await statusOf({ port, ca: ours.ca, cert: ada.cert, key: ada.key }), 200);
    assert.equal(typeof (await statusOf({ port, ca: ours.ca })), "string");
    assert.equal(typeof (await statusOf({ port, ca: ours.ca, cert: eve.cert, key: eve.key })), "string");
  } finally {
    await page.close();
  }
  assert.equal(await statusOf({ port, ca: ours.ca, cert: ada.cert, key: ada.key }), "ECONNREFUSED");
});

it("other tokens and certificates are used at once, and another address needs a new process", async () => {
  const [before, after] = [await makeCertificates({ names: ["page"] }), await makeCertificates({ names: ["page"] })];
  const optionsOf = ({ nodes: [own] }: typeof before, readerToken: string): HttpOptions => {
    assert.ok(own !== undefined);
    return { address: given, readerToken, tls: { cert: Buffer.from(own.cert), key: Buffer.from(own.key) } };
  };
  const given = await address();
  const { port } = given;
  const page = await openHttp(optionsOf(before, "the-first-of-the-tokens"), silentLogger);
  const read = (ca: string, token: string) =>
    statusOf({ port, ca, path: "/status.json", headers: { authorization: `Bearer ${token}` } });
  try {
    // There is nothing to show yet: 503.
    assert.equal(await read(before.ca, "the-first-of-the-tokens"), 503);
    assert.equal(page.reconfigure(optionsOf(after, "the-second-of-the-tokens")), true);
    assert.equal(await read(after.ca, "the-second-of-the-tokens"), 503);
    assert.equal(await read(after.ca, "the-first-of-the-tokens"), 401);
    assert.equal(typeof (await read(before.ca, "the-second-of-the-tokens")), "string");
    assert.equal(page.reconfigure({ address: given, readerToken: "the-third-of-the-tokens" }), false);
    assert.equal(page.reconfigure(undefined), false);
    assert.equal(await read(after.ca, "the-second-of-the-tokens"), 503);
  } finally {
    await page.close();
  }
});

it("what cannot be listened on is one error that names the flag, the address and why", async () => {
  const taken = { address: await address() };
  const page = await openHttp(taken, silentLogger);
  const refusals = [
    [taken.address, `--http = "127.0.0.1:${taken.address.port}": the port is in use by another process`],
    [
      { ...taken.address, host: "192.0.2.1" },
      `"192.0.2.1:${taken.address.port}": this machine does not have that address`,
    ],
    [{ ...taken.address, host: "nowhere.invalid" }, `"nowhere.invalid:${taken.address.port}": the name has no address`],
  ] as const;
  try {
    for (const [address, expected] of refusals) {
      const refused = await openHttp({ address }, silentLogger).then(
        () => undefined,
        (error: unknown) => error,
      );
      assert.ok(refused instanceof RollcallError && refused.code === "CONFIG", String(refused));
      assert.ok(refused.message.includes(expected), refused.message);
    }
  } finally {
    await page.close();
  }
});
