import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { createMemoryStore, type WitnessAnswer } from "@rollcall/coordinator";
import { ManualTimers } from "@rollcall/core/testing";
import type { FreshLook } from "./fresh-look.js";
import { Witness } from "./witness.js";

const node = "id1@es1:9200";

/** The witness of process r1, and what a leader hears. */
function witnessing(known: readonly string[] = [node]) {
  const timers = new ManualTimers();
  const store = createMemoryStore(timers);
  const heard: WitnessAnswer[] = [];
  store.onWitness((answer) => heard.push(answer));
  const looks: { readonly node: string; readonly answer: (seen: FreshLook) => Promise<void> }[] = [];
  const look = (node: string): Promise<FreshLook> =>
    new Promise((resolve) => {
      looks.push({
        node,
        async answer(seen) {
          resolve(seen);
          await nextTurn();
        },
      });
    });
  const witness = new Witness({
    replica: "r1",
    store,
    look: (node) => (known.includes(node) ? look(node) : undefined),
    timers,
  });
  witness.start();
  const ask = (id: string, replicas: readonly string[] = ["r2", "r1"]) => store.askWitnesses({ id, node, replicas });
  const answer = async (seen: FreshLook) => {
    const look = looks.shift() ?? assert.fail("nobody looked");
    await look.answer(seen);
  };
  return { timers, store, heard, looks, witness, ask, answer };
}

const reached: FreshLook = { kind: "reached" };
const unreachable: FreshLook = { kind: "unreachable", reason: "connection refused" };

describe("a witness", () => {
  it("says whether one look of its own has reached the node", async () => {
    const { ask, answer, heard, looks } = witnessing();
    ask("7.1");
    assert.deepEqual([looks.length, looks[0]?.node], [1, node]);
    await answer(reached);
    ask("7.2");
    await answer(unreachable);
    assert.deepEqual(heard, [
      { id: "7.1", node, replica: "r1", ok: true },
      { id: "7.2", node, replica: "r1", ok: false },
    ]);
  });

  it("does not look unless it is asked, nor for a node that it does not know", async () => {
    const { ask, looks } = witnessing();
    ask("7.1", ["r2", "r3"]);
    assert.equal(looks.length, 0);
    const stranger = witnessing([]);
    stranger.ask("7.1");
    await nextTurn();
    assert.deepEqual([stranger.looks.length, stranger.heard], [0, []]);
  });

  it("says nothing where it has seen nothing, or another cluster", async () => {
    const { ask, answer, heard } = witnessing();
    ask("7.1");
    await answer({ kind: "void", reason: "this process was hardly running" });
    ask("7.2");
    await answer({ kind: "foreign", reason: "belongs to another cluster" });
    assert.deepEqual(heard, []);
  });

  it("says nothing too late", async () => {
    const { ask, answer, heard, timers } = witnessing();
    ask("7.1");
    timers.advance(1_401);
    await answer(unreachable);
    ask("7.2");
    timers.advance(1_400);
    await answer(unreachable);
    assert.deepEqual(
      heard.map(({ id }) => id),
      ["7.2"],
    );
  });

  it("answers ten questions a second at most, whoever asks how many", () => {
    const { ask, looks, timers } = witnessing();
    for (let time = 0; time < 50; time++) ask(`7.${time}`);
    assert.equal(looks.length, 10);
    timers.advance(1_000);
    for (let time = 0; time < 50; time++) ask(`8.${time}`);
    assert.equal(looks.length, 20);
  });

  it("says nothing more once it is closed", async () => {
    const { ask, answer, heard, looks, witness } = witnessing();
    ask("7.1");
    witness.close();
    await answer(reached);
    ask("7.2");
    assert.deepEqual([heard, looks.length], [[], 0]);
  });
});
