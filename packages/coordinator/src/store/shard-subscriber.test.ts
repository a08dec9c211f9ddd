import assert from "node:assert/strict";
import { it } from "node:test";
import { isRefusal } from "./shard-subscriber.js";

it("sharded channels count as refused by an answer that stays, and not while a slot moves or a node is not ready", () => {
  const refusals = [
    "ERR unknown command 'ssubscribe', with args beginning with: 'x' ",
    "-ERR unsupported",
    "NOPERM User reader has no permissions to run the 'ssubscribe' command",
  ];
  for (const text of refusals) assert.equal(isRefusal(new Error(text)), true, text);
  const passing = [
    ...["MOVED 10229 127.0.0.1:7001", "ASK 10229 127.0.0.1:7001", "TRYAGAIN", "CLUSTERDOWN The cluster is down"],
    ...["LOADING Redis is loading", "READONLY You can't write", "-MASTERDOWN Link with MASTER is down"],
    ...["Connection is closed.", "Command timed out", "Cluster isn't ready and enableOfflineQueue options is false"],
  ];
  for (const text of passing) assert.equal(isRefusal(new Error(text)), false, text);
  assert.equal(isRefusal("ERR"), false);
});
