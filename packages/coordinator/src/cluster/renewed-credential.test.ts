import assert from "node:assert/strict";
import { it } from "node:test";
import { ManualTimers, settled } from "@rollcall/testing";
import { RenewedCredential } from "./renewed-credential.js";

/** A source that answers at once, with what is in `header` then. */
function openScene() {
  const timers = new ManualTimers();
  const scene = { timers, header: "one", asked: 0, done: 0 };
  const credential = new RenewedCredential(
    {
      get header() {
        return scene.header;
      },
      start: async () => {},
      ask: async () => {
        scene.asked++;
      },
      onChange: () => {},
      close: () => {},
    },
    timers,
  );
  const renew = () =>
    void credential.renew().then(() => {
      scene.done++;
    });
  const pass = async (ms: number) => {
    await settled();
    for (let passed = 0; passed < ms; passed += 250) {
      timers.advance(250);
      await settled();
    }
  };
  return { scene, credential, renew, pass };
}

it("many refusals make one round of questions, which ends as soon as there is another credential", async () => {
  const { scene, renew, pass } = openScene();
  for (let calls = 0; calls < 5; calls++) renew();
  await settled();
  assert.deepEqual([scene.asked, scene.done], [1, 0]);
  await pass(250);
  scene.header = "two";
  await pass(250);
  assert.deepEqual([scene.asked, scene.done], [3, 5]);
});

it("a round ends after 2 s without another credential, and for 30 s each refusal of the same leads to one question", async () => {
  const { scene, renew, pass } = openScene();
  renew();
  await pass(1_750);
  assert.equal(scene.done, 0);
  await pass(250);
  assert.deepEqual([scene.asked, scene.done], [9, 1]);
  renew();
  await settled();
  assert.deepEqual([scene.asked, scene.done], [10, 2]);
  await pass(30_000);
  renew();
  await settled();
  assert.deepEqual([scene.asked, scene.done], [11, 2], "a round again");
});

it("a refusal of another credential than that of the last round in vain is waited for", async () => {
  const { scene, renew, pass } = openScene();
  renew();
  await pass(2_000);
  scene.header = "two";
  renew();
  await settled();
  assert.equal(scene.done, 1);
  scene.header = "three";
  await pass(250);
  assert.equal(scene.done, 2);
});

it("a round ends when the credential is closed", async () => {
  const { scene, credential, renew, pass } = openScene();
  renew();
  await settled();
  credential.close();
  await pass(250);
  assert.deepEqual([scene.asked, scene.done], [2, 1]);
});
