import assert from "node:assert/strict";
import { it } from "node:test";
import type { RequestToSign, SignConfig } from "@rollcall/core/config";
import { canary, ManualTimers } from "@rollcall/testing";
import { Signer } from "./signer.js";

const request: RequestToSign = {
  method: "GET",
  scheme: "https",
  host: "es1",
  port: 443,
  path: "/",
  headers: { host: "es1" },
  body: null,
};
const secret = canary("sign");

function signerOf(hook: () => unknown): { readonly signer: Signer; readonly timers: ManualTimers } {
  const timers = new ManualTimers();
  return { timers, signer: new Signer({ kind: "function", hook } as unknown as SignConfig, timers) };
}

function moduleOf(text: string): Signer {
  return new Signer({ kind: "module", module: `data:text/javascript,${encodeURIComponent(text)}` }, new ManualTimers());
}

it("a hook that answers at once signs at once, and one that answers later signs later", async () => {
  const signed = { kind: "signed", added: ["authorization", "a"] };
  assert.deepEqual(signerOf(() => ({ authorization: "a" })).signer.sign(request), signed);
  assert.deepEqual(await signerOf(() => Promise.resolve({ authorization: "a" })).signer.sign(request), signed);
});

it("what a hook throws, at once or later, is shown by its name alone, since its message may hold a secret", async () => {
  class CredentialsProviderError extends Error {
    override name = "CredentialsProviderError";
  }
  const problem = "the function given as `sign` threw CredentialsProviderError";
  const throws = signerOf(() => {
    throw new CredentialsProviderError(secret);
  });
  const rejects = signerOf(() => Promise.reject(new CredentialsProviderError(secret)));
  assert.deepEqual(throws.signer.sign(request), { kind: "failed", problem });
  assert.deepEqual(await rejects.signer.sign(request), { kind: "failed", problem });
  const odd = signerOf(() => Promise.reject(secret));
  assert.deepEqual(await odd.signer.sign(request), {
    kind: "failed",
    problem: "the function given as `sign` threw something that is no error",
  });
});

it("a hook that does not answer has failed after ten seconds", async () => {
  const { signer, timers } = signerOf(() => new Promise(() => {}));
  const signature = signer.sign(request);
  timers.advance(10_000);
  assert.deepEqual(await signature, {
    kind: "failed",
    problem: "the function given as `sign` gave no headers within 10000 ms",
  });
});

it("requests wait until the module of the hook is loaded", async () => {
  const signer = moduleOf("export default ({ path }) => ({ authorization: path })");
  assert.deepEqual(await signer.sign(request), { kind: "signed", added: ["authorization", "/"] });
  assert.equal(signer.problem, undefined);
  assert.deepEqual(signer.sign(request), { kind: "signed", added: ["authorization", "/"] });
});

it("a module that cannot be loaded fails every request with the reason, without what it threw", async () => {
  const missing = new Signer({ kind: "module", module: "file:///nowhere/sign.js" }, new ManualTimers());
  const found = await missing.loaded;
  assert.equal(found, "`sign`, file:///nowhere/sign.js, cannot be loaded: there is no such file");
  assert.deepEqual(missing.sign(request), { kind: "failed", problem: found });
  assert.equal(missing.problem, found);

  const dependent = moduleOf('import "file:///nowhere/dependency.js"');
  assert.match(
    (await dependent.loaded) ?? "",
    /cannot be loaded: Cannot find module '\/nowhere\/dependency.js' imported/,
  );

  const throwing = moduleOf(`throw new TypeError("${secret}")`);
  assert.equal(await throwing.loaded, "`sign`, a module with a data: URL, cannot be loaded: it threw TypeError");
  const without = moduleOf("export const sign = () => ({})");
  assert.equal(await without.loaded, "`sign`, a module with a data: URL, has no function as default export");
});
