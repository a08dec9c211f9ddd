import assert from "node:assert/strict";
import { hostname } from "node:os";
import { describe, it } from "node:test";
import { defaultLogger } from "./default-logger.js";

/** A logger whose bytes are kept, and written in parts of at most so many. */
function written(atOnce = Number.POSITIVE_INFINITY) {
  let text = "";
  const logger = defaultLogger((bytes) => {
    const part = bytes.subarray(0, atOnce);
    text += Buffer.from(part).toString("latin1");
    return part.length;
  });
  return { logger, text: () => Buffer.from(text, "latin1").toString("utf8") };
}

const full = () => Object.assign(new Error("full"), { code: "EAGAIN" });

describe("the default logger", () => {
  it("writes a line as pino does, and none below info", () => {
    const { logger, text } = written();
    logger.debug({ id: 1 }, "nothing");
    logger.warn({ node: "es1", left: undefined }, "näher");
    logger.error({}, "b");
    const [first = "", second = "", ...rest] = text().split("\n");
    const { time, ...line } = JSON.parse(first) as Record<string, unknown>;
    assert.equal(typeof time, "number");
    const origin = { pid: process.pid, hostname: hostname(), name: "rollcall" };
    assert.deepEqual(line, { level: 40, ...origin, node: "es1", msg: "näher" });
    assert.match(second, /^\{"level":50,"time":\d+,"pid":.*,"name":"rollcall","msg":"b"\}$/);
    assert.deepEqual(rest, [""]);
  });

  it("writes the rest of a line that a pipe takes in parts", () => {
    const { logger, text } = written(3);
    logger.info({}, "in parts");
    assert.match(text(), /^\{"level":30,.*"msg":"in parts"\}\n$/);
  });

  it("waits a little for a full pipe, and throws when nothing reads it", () => {
    let tries = 0;
    const slow = defaultLogger((bytes) => {
      if (++tries < 3) throw full();
      return bytes.length;
    });
    slow.info({}, "a");
    assert.equal(tries, 3);
    const stuck = defaultLogger(() => {
      throw full();
    });
    assert.throws(() => stuck.info({}, "a"), { code: "EAGAIN" });
  });

  it("throws at once what is no full pipe", () => {
    let tries = 0;
    const gone = defaultLogger(() => {
      tries++;
      throw Object.assign(new Error("gone"), { code: "EPIPE" });
    });
    assert.throws(() => gone.info({}, "a"), { code: "EPIPE" });
    assert.equal(tries, 1);
  });
});
