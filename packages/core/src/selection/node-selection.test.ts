import assert from "node:assert/strict";
import { it } from "node:test";
import { type PoolOptions, parsePoolConfig } from "../config/index.js";
import type { NodeRecord } from "../view/node-record.js";
import { judgeBySelection } from "./node-selection.js";

type Selection = NonNullable<PoolOptions["selection"]>;

function verdict(given: Selection, node: Partial<NodeRecord>) {
  const options = { nodes: ["http://es1"], selection: given };
  const { selection = assert.fail() } = parsePoolConfig(options, { cores: 2, heapLimitBytes: 1e9 });
  return judgeBySelection(selection, { id: "n", host: "es1", port: 9200, ...node });
}

/** `preferred`, `used`, `kept-out` or `unlisted`. */
function wordFor(given: Selection, node: Partial<NodeRecord>): string {
  const judged = verdict(given, node);
  return judged.kind === "used" && judged.preferred ? "preferred" : judged.kind;
}

const hot = { roles: ["data_hot", "ingest"], attributes: { zone: "a", rack: ["r1", "r2"] } };

const cases: Readonly<Record<string, readonly (readonly [Selection, Partial<NodeRecord>, string])[]>> = {
  "`only` uses the nodes that have one of the roles, and each attribute with one of its values": [
    [{ only: { roles: ["ml", "data_hot"] } }, hot, "used"],
    [{ only: { roles: "ml" } }, hot, "kept-out"],
    [{ only: { roles: "data_hot", attributes: { zone: ["a", "b"] } } }, hot, "used"],
    [{ only: { roles: "data_hot", attributes: { zone: "b" } } }, hot, "kept-out"],
    [{ only: { attributes: { zone: "a", rack: "r2" } } }, hot, "used"],
    [{ only: { attributes: { zone: "a", disk: "ssd" } } }, hot, "kept-out"],
    [{ only: [{ roles: "ml" }, { attributes: { zone: "a" } }] }, hot, "used"],
  ],
  "`except` keeps out the nodes that it names, also those that `only` names": [
    [{ except: { roles: "data_hot" } }, hot, "kept-out"],
    [{ except: { roles: "data_frozen" } }, hot, "used"],
    [{ except: { roles: "data_hot", attributes: { zone: "b" } } }, hot, "used"],
    [{ only: { attributes: { zone: "a" } }, except: { attributes: { rack: "r1" } } }, hot, "kept-out"],
  ],
  "`prefer` keeps no node out": [
    [{ prefer: { attributes: { zone: "a" } } }, hot, "preferred"],
    [{ prefer: { attributes: { zone: "b" } } }, hot, "used"],
    [{ prefer: { attributes: { zone: "a" } } }, { id: "" }, "used"],
    [{ prefer: { roles: "data" } }, {}, "used"],
    [{ except: { roles: "ml" }, prefer: { roles: "ingest" } }, hot, "preferred"],
  ],
  "a role has one meaning in every engine": [
    [{ only: { roles: "data" } }, hot, "used"],
    [{ only: { roles: "data_hot" } }, { roles: ["data"] }, "kept-out"],
    [{ only: { roles: "master" } }, { roles: ["cluster_manager"] }, "used"],
    [{ only: { roles: "cluster_manager" } }, { roles: ["master"] }, "used"],
    [{ only: { roles: "coordinating_only" } }, { roles: [] }, "used"],
    [{ only: { roles: "coordinating_only" } }, { roles: ["ingest"] }, "kept-out"],
  ],
  "a node of which the question is not answered is kept out, and a configured address waits for the list": [
    [{ only: { roles: "data" } }, {}, "kept-out"],
    [{ except: { roles: "data" } }, {}, "kept-out"],
    [{ except: { attributes: { zone: "b" } } }, {}, "used"],
    [{ only: { attributes: { constructor: "x" } } }, { attributes: {} }, "kept-out"],
    [{ except: { attributes: { zone: "b" } } }, { id: "" }, "unlisted"],
    [{ only: { roles: "data" } }, { id: "" }, "unlisted"],
  ],
};
for (const [name, rows] of Object.entries(cases)) {
  it(name, () => {
    for (const [selection, node, expected] of rows) {
      assert.equal(wordFor(selection, node), expected, JSON.stringify([selection, node]));
    }
  });
}

it("the reason of a node that is kept out names the part of the option that does it", () => {
  assert.deepEqual(verdict({ only: { roles: "ml" } }, hot), {
    kind: "kept-out",
    reason: "`selection.only` does not name it",
  });
  assert.deepEqual(verdict({ except: { roles: "ingest" } }, hot), {
    kind: "kept-out",
    reason: "`selection.except` names it",
  });
});
