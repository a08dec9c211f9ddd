import assert from "node:assert/strict";
import { it } from "node:test";
import { ManualTimers, settled } from "@rollcall/testing";
import { endpointAt } from "../testing.test.support.js";
import type { ControlClient, ControlRequest } from "./control-client.js";
import type { Endpoint } from "./endpoint.js";
import { RenewingClient } from "./renewing-client.js";

const question: ControlRequest = { path: "/", timeoutMs: 1_000, maxBytes: 1_000, fresh: false };
const endpointWith = (authorization: string, more: Partial<Endpoint> = { renewable: true }) =>
  endpointAt(9_200, { headers: { authorization }, ...more });

/** A node that accepts one credential. */
function openScene(renewed: () => Promise<Endpoint | undefined>) {
  const sent: (string | undefined)[] = [];
  const node: ControlClient = {
    async request({ headers: { authorization } }) {
      sent.push(authorization);
      return { kind: "answered", status: authorization === "new" ? 200 : 401, body: Buffer.alloc(0) };
    },
    keepOnly: () => {},
    close: async () => {},
  };
  const timers = new ManualTimers();
  const client = new RenewingClient(node, () => ({ renewed }), timers);
  const statusFor = async (endpoint: Endpoint) => {
    const response = await client.request(endpoint, question);
    return response.kind === "answered" ? response.status : response.code;
  };
  return { sent, timers, statusFor };
}

it("a probe that is refused with 401 is sent once more with another credential", async () => {
  const { sent, statusFor } = openScene(async () => endpointWith("new"));
  assert.equal(await statusFor(endpointWith("old")), 200);
  assert.deepEqual(sent, ["old", "new"]);
});

it("a second 401 is the answer, and so is the first where the credential stays or is fixed", async () => {
  const other = openScene(async () => endpointWith("other"));
  assert.deepEqual([await other.statusFor(endpointWith("old")), other.sent], [401, ["old", "other"]]);
  const same = openScene(async () => undefined);
  assert.deepEqual([await same.statusFor(endpointWith("old")), same.sent], [401, ["old"]]);
  const fixed = openScene(async () => endpointWith("new"));
  assert.deepEqual([await fixed.statusFor(endpointWith("old", {})), fixed.sent], [401, ["old"]]);
});

it("a probe waits 3 s for another credential at the most: that its node answers is news", async () => {
  const { timers, statusFor } = openScene(() => new Promise(() => {}));
  let status: unknown;
  void statusFor(endpointWith("old")).then((came) => {
    status = came;
  });
  await settled();
  timers.advance(2_999);
  await settled();
  assert.equal(status, undefined);
  timers.advance(1);
  await settled();
  assert.equal(status, 401);
});
