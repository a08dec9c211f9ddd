import assert from "node:assert/strict";
import { it } from "node:test";
import { judgeReply } from "./redis-permissions.js";
import { readServerFacts } from "./redis-server-facts.js";

const noCommand = "NOPERM User app has no permissions to run the 'set' command";
const noKey = "NOPERM No permissions to access a key";
const replies: readonly (readonly [reply: string, ofCommand: string, ofPlace: string])[] = [
  [noCommand, "refused", "refused"],
  // The scratch key may be forbidden where the keys of the view are not.
  [noKey, "granted", "refused"],
  ["NOPERM this user has no permissions to access one of the channels used as arguments", "granted", "refused"],
  ["ERR unknown command 'EVAL', with args beginning with: ", "refused", "refused"],
  ["NOSCRIPT No matching script. Please use EVAL.", "granted", "granted"],
  ["WRONGTYPE Operation against a key holding the wrong kind of value", "granted", "granted"],
];
for (const [reply, ofCommand, ofPlace] of replies) {
  it(`the reply ${reply.split(" ")[0]} to an attempt is judged by whether it is about the command or the view: ${ofCommand}, ${ofPlace}`, () => {
    assert.equal(judgeReply({ isOfPlace: false }, new Error(reply)), ofCommand);
    assert.equal(judgeReply({ isOfPlace: true }, new Error(reply)), ofPlace);
  });
}

it("an attempt without an answer of Redis shows no permission", () => {
  assert.throws(() => judgeReply({ isOfPlace: false }, new Error("Command timed out")), /timed out/);
});

it("of INFO only what has the expected form is read", () => {
  const info =
    "# Server\r\nredis_version:7.2.4\r\nredis_mode:cluster\r\nrole:other\r\nused_memory:12\r\nmaxmemory:-1\r\n:x\r\n";
  assert.deepEqual(readServerFacts(info), { version: "7.2.4", mode: "cluster", usedMemoryBytes: 12 });
  const ofValkey = "redis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:9.1.2\r\nserver_mode:cluster\r\n";
  assert.deepEqual(readServerFacts(ofValkey), { version: "7.2.4", valkeyVersion: "9.1.2", mode: "cluster" });
});
