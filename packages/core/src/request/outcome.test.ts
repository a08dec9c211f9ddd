import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type AttemptFacts, blamesNode, type FailureError, judgeFailure, mayHaveSent } from "./outcome.js";

type Stage = "unsent" | "waiting" | "waiting-reused" | "reading" | "reading-reused";

const stages: Readonly<Record<Stage, AttemptFacts>> = {
  unsent: { handedToSocket: false, firstByteSeen: false, reusedSocket: false },
  waiting: { handedToSocket: true, firstByteSeen: false, reusedSocket: false },
  "waiting-reused": { handedToSocket: true, firstByteSeen: false, reusedSocket: true },
  reading: { handedToSocket: true, firstByteSeen: true, reusedSocket: false },
  "reading-reused": { handedToSocket: true, firstByteSeen: true, reusedSocket: true },
};

/** codes · when · what it comes to · is the node blamed */
const judgements: readonly (readonly [string, Stage, string, boolean])[] = [
  ["ECONNREFUSED EHOSTUNREACH ENETUNREACH ENOTFOUND EAI_AGAIN ETIMEDOUT", "unsent", "not-connected CONNECT", true],
  ["ECONNRESET UND_ERR_CONNECT_TIMEOUT UND_ERR_SOCKET ERR_HOST_REFUSED", "unsent", "not-connected CONNECT", true],
  ["CERT_HAS_EXPIRED UNABLE_TO_VERIFY_LEAF_SIGNATURE EPROTO", "unsent", "not-connected TLS", true],
  [
    "ERR_TLS_CERT_ALTNAME_INVALID ERR_SSL_WRONG_VERSION_NUMBER ERR_TLS_CA_FINGERPRINT",
    "unsent",
    "not-connected TLS",
    true,
  ],
  ["DEPTH_ZERO_SELF_SIGNED_CERT SELF_SIGNED_CERT_IN_CHAIN INVALID_CA", "unsent", "not-connected TLS", true],
  // This machine's own want is no news of the node.
  ["EMFILE ENFILE EADDRNOTAVAIL EACCES EPERM ENOBUFS", "unsent", "not-connected CONNECT", false],
  ["UND_ERR_CLOSED UND_ERR_DESTROYED", "unsent", "not-connected CONNECT", false],

  ["ECONNRESET EPIPE ETIMEDOUT UND_ERR_SOCKET", "waiting", "lost before", true],
  [
    "ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED ERR_SSL_TLSV1_ALERT_UNKNOWN_CA ERR_TLS_ONLY",
    "waiting",
    "not-connected TLS",
    true,
  ],
  // On a connection that has served, an alert says nothing about the request.
  ["ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED", "waiting-reused", "stale-socket", false],
  ["ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED", "reading", "lost during", false],
  ["ERR_SSL_SSLV3_ALERT_BAD_RECORD_MAC", "waiting", "lost before", true],
  ["UND_ERR_DESTROYED", "waiting", "lost before", false],
  ["UND_ERR_DESTROYED", "waiting-reused", "lost before", false],
  ["ECONNRESET EPIPE UND_ERR_SOCKET", "reading", "lost during", false],
  ["ECONNRESET EPIPE UND_ERR_SOCKET", "reading-reused", "lost during", false],
  ["ECONNRESET EPIPE ETIMEDOUT UND_ERR_SOCKET", "waiting-reused", "stale-socket", false],

  ["HPE_INVALID_CONSTANT HPE_INVALID_EOF_STATE", "waiting", "bad-response", false],
  ["UND_ERR_RES_CONTENT_LENGTH_MISMATCH", "reading", "bad-response", false],
  [
    "UND_ERR_RES_EXCEEDED_MAX_SIZE UND_ERR_HEADERS_OVERFLOW HPE_HEADER_OVERFLOW",
    "reading",
    "bad-response large",
    false,
  ],

  ["UND_ERR_HEADERS_TIMEOUT UND_ERR_BODY_TIMEOUT", "waiting", "cancelled timeout", false],
  ["UND_ERR_ABORTED", "waiting", "cancelled abort", false],
  ["UND_ERR_ABORTED", "unsent", "cancelled abort unsent", false],

  ["UND_ERR_INVALID_ARG ERR_INVALID_CHAR ERR_INVALID_ARG_TYPE UND_ERR_NOT_SUPPORTED", "unsent", "local unsent", false],
  ["ERR_INVALID_URL ERR_HTTP_INVALID_HEADER_VALUE", "unsent", "local unsent", false],
  ["UND_ERR_REQ_CONTENT_LENGTH_MISMATCH", "waiting", "local", false],
  ["SOMETHING_NEW", "unsent", "local unsent", false],
  ["SOMETHING_NEW", "reading", "local", false],
];

describe("outcome of an attempt", () => {
  for (const [codes, stage, verdict, blamed] of judgements) {
    for (const code of codes.split(" ")) {
      it(`a failure with ${code} while ${stage} is ${verdict}${blamed ? " and blames the node" : ""}`, () => {
        assert.equal(judge({ code }, stage), verdict);
        assert.equal(blamesNode(judgeFailure({ code }, stages[stage])), blamed);
      });
    }
  }

  it("an error without a code is judged by its name", () => {
    assert.equal(judge({ name: "AbortError" }, "waiting"), "cancelled abort");
    assert.equal(judge({ name: "TimeoutError" }, "waiting"), "cancelled timeout");
    assert.equal(judge({ name: "HTTPParserError" }, "waiting"), "bad-response");
    assert.equal(judge({ name: "TypeError", message: "x is not a function" }, "reading"), "local");
    assert.equal(judge({}, "unsent"), "local unsent");
  });

  it('a socket error whose message says "bad response" is one', () => {
    assert.equal(judge({ code: "UND_ERR_SOCKET", message: "bad response" }, "waiting"), "bad-response");
    assert.equal(judge({ code: "UND_ERR_SOCKET", message: "other side closed" }, "waiting"), "lost before");
  });

  it("an outcome holds the code of the error, and never its message", () => {
    const outcome = judgeFailure({ code: "ECONNRESET", message: "secret" }, stages.waiting);
    assert.deepEqual(outcome, { kind: "lost", beforeFirstByte: true, errorCode: "ECONNRESET" });
  });

  it("a failed attempt may have sent something unless it failed before a socket had it, or before it was read", () => {
    for (const [codes, stage, verdict] of judgements) {
      const mayHave = stages[stage].handedToSocket && !verdict.startsWith("not-connected");
      for (const code of codes.split(" ")) {
        assert.equal(mayHaveSent(judgeFailure({ code }, stages[stage])), mayHave, `${code} ${stage}`);
      }
    }
  });
});

describe("outcome of an answer", () => {
  for (const status of [200, 404, 429, 500, 503]) {
    it(`an answer of ${status} blames no node`, () => {
      assert.equal(blamesNode({ kind: "answered", status }), false);
      assert.equal(mayHaveSent({ kind: "answered", status }), true);
    });
  }
});

/** An outcome in few words. */
function judge(error: FailureError, stage: Stage): string {
  const outcome = judgeFailure(error, stages[stage]);
  switch (outcome.kind) {
    case "not-connected":
      return `not-connected ${outcome.code}`;
    case "lost":
      return `lost ${outcome.beforeFirstByte ? "before" : "during"}`;
    case "bad-response":
      return outcome.tooLarge ? "bad-response large" : "bad-response";
    case "cancelled":
      return `cancelled ${outcome.reason}${outcome.handedToSocket ? "" : " unsent"}`;
    case "local":
      return outcome.handedToSocket ? "local" : "local unsent";
    default:
      return outcome.kind;
  }
}
