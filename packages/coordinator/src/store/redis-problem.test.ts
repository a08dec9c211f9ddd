import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RollcallError } from "@rollcall/core";
import { NoServerNamed, noResp3, reasonOf, redisError, redisProblem } from "./redis-problem.js";

describe("what went wrong with Redis", () => {
  it("a problem with Redis is described for people", () => {
    const refused = Object.assign(new Error("connect ECONNREFUSED 127.0.0.1:6379"), { code: "ECONNREFUSED" });
    assert.equal(redisProblem(refused), "connection refused");
    assert.equal(redisProblem(new Error("Command timed out")), "no answer in time");
    assert.equal(
      redisProblem(new Error("READONLY You can't write against a read only replica.")),
      "it is a replica, and takes no writes (READONLY)",
    );
    assert.equal(redisProblem(new Error("EXECABORT Transaction discarded")), "it refuses the command (EXECABORT)");
    assert.equal(redisProblem("what?"), "it failed");
    const failed = (code: string) => redisProblem(Object.assign(new Error("write"), { code }));
    assert.match(failed("SELF_SIGNED_CERT_IN_CHAIN"), /authority of its certificate is unknown: give it as `tls.ca`/);
    assert.match(failed("ERR_SSL_WRONG_VERSION_NUMBER"), /speaks no TLS at that port/);
    assert.equal(failed("CERT_REVOKED"), "CERT_REVOKED");
  });

  it("a refusal of Redis is described in words of its own", () => {
    const described = (message: string) => redisProblem(new Error(message));
    for (const [message, words] of [
      ["ERR DB index is out of range", "it has no database of that number (SELECT)"],
      ["ERR SELECT is not allowed in cluster mode", "a Redis Cluster has no database but 0 (SELECT)"],
      ["ERR max number of clients reached", "it accepts no more clients (maxclients)"],
      ["NOPROTO unsupported protocol version", noResp3],
      ["ERR unknown command 'getrange', with args beginning with: 'a'", "it does not know the command GETRANGE"],
      [
        "NOPERM this user has no permissions to run the 'select' command",
        "the Redis user lacks the permission for SELECT (NOPERM)",
      ],
      [
        "NOPERM User 'x' has no permissions to run the 'client|info' command",
        "the Redis user lacks the permission for CLIENT|INFO (NOPERM)",
      ],
      ["NOPERM No permissions to access a key", "the Redis user lacks a permission (NOPERM)"],
      [
        "ERR ACL failure in script: User x has no permissions to run the 'time' command script: 4b, on @user_script:20.",
        "the Redis user lacks the permission for TIME (NOPERM)",
      ],
      [
        "ERR ACL failure in script: No permissions to access a channel script: 4b, on @user_script:20.",
        "the Redis user lacks the permission for a channel (NOPERM)",
      ],
      [
        "MISCONF Redis is configured to save RDB snapshots",
        "it could not save its data, and takes no writes (MISCONF)",
      ],
      ["BUSY Redis is busy running a script. You can only call SCRIPT KILL", "a script keeps it busy (BUSY)"],
      ["WRONGPASS invalid username-password pair", "it refuses the user or the password (WRONGPASS)"],
    ] as const) {
      assert.equal(described(message), words);
    }
  });

  it("the ways in which a Redis is absent are one reason, and each refusal is another", () => {
    assert.equal(reasonOf("connection refused"), reasonOf("Redis: no answer in time"));
    assert.notEqual(reasonOf("it accepts no more clients (maxclients)"), reasonOf("connection lost"));
    const ofSentinels = (message: string) => reasonOf(redisProblem(new NoServerNamed(new Error(message))));
    assert.equal(ofSentinels("Command timed out"), ofSentinels("Connection is closed."));
    assert.equal(ofSentinels("NOAUTH x"), "no Sentinel names a server: it asks for a password (NOAUTH)");
  });

  it("a problem never repeats the command, which may contain the password", () => {
    const reply = "ERR unknown command 'HELLO', with args beginning with: '3' 'AUTH' 'default' 's3cret'";
    const error = Object.assign(new Error(reply), {
      command: { name: "hello", args: ["3", "AUTH", "default", "s3cret"] },
    });
    const shown = redisError(error);
    assert.ok(shown instanceof RollcallError);
    assert.deepEqual([shown.code, shown.message], ["REDIS", `Redis: ${noResp3}`]);
    assert.equal(shown.cause, undefined);
    assert.ok(!JSON.stringify(shown.toWire()).includes("s3cret"));
  });

  it("an error that was described before keeps its description", () => {
    assert.equal(redisProblem(redisError(new Error("Command timed out"))), "no answer in time");
  });
});
