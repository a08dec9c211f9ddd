import assert from "node:assert/strict";
import { it } from "node:test";
import { digestOf, type Head, redisKeys } from "@rollcall/core/view";
import { collectingLogger, ManualTimers } from "@rollcall/testing";
import { RedisClock } from "./redis-clock.js";
import { RedisWarnings } from "./redis-warnings.js";
import { SealedCodec } from "./sealed-codec.js";
import { SecretAgreement } from "./secret-agreement.js";
import { plainCodec, type ViewCodec } from "./view-codec.js";
import type { ViewSecrets } from "./view-secrets.js";

const [old, next] = ["the old secret, 16 bytes or more", "the next secret, of that length"] as const;
const redisMs = 1_000_000_000_000;
const report = { node: "n1@es1:9200", reason: "connection refused", replica: "r1" };
const request = { kind: "peerProbeRequest", id: "1", node: "n1@es1:9200", replicas: ["r1"] } as const;

/** One process after another, over one clock of Redis. */
async function processes() {
  const timers = new ManualTimers();
  let senders = 0;
  let offsetMs = 0;
  const storeNowMs = () => redisMs + timers.nowMs() + offsetMs;
  const time = async () => [Math.floor(storeNowMs() / 1_000), (storeNowMs() % 1_000) * 1_000];
  const open = async (secrets: readonly string[] | undefined, { knowsTime = true, name = "logs" } = {}) => {
    const logger = collectingLogger();
    const clock = new RedisClock(timers, () => 0);
    if (knowsTime) await clock.adjust(time);
    const warnings = new RedisWarnings(logger, redisKeys(name));
    const agreement = new SecretAgreement(timers, warnings);
    let changed = () => {};
    const source = {
      current: secrets ?? [],
      onChange: (listener: () => void) => {
        changed = listener;
      },
      ...{ start: () => {}, close: () => {} },
    } satisfies ViewSecrets;
    const parts = { name, secrets: source, clock, monotonic: timers, random: () => ++senders / 1_000 };
    const codec: ViewCodec =
      secrets === undefined ? plainCodec(agreement) : new SealedCodec({ ...parts, agreement, warnings });
    const change = (to: readonly string[]) => {
      source.current = to;
      changed();
    };
    return { codec, logger, change, adjust: () => clock.adjust(time) };
  };
  const jump = (ms: number) => {
    offsetMs += ms;
  };
  return { timers, open, jump, storeNowMs };
}

function headOf(epoch: number, beat: number): Omit<Head, "atMs"> {
  const version = { epoch, leader: "a", sequence: 1 };
  const digest = digestOf(Buffer.from("document"));
  return { topology: version, marks: version, beat, replicas: 1, digests: { topology: digest, marks: digest } };
}

/** As the scripts make it, of which no word is believed. */
const stored = (text: string) => Buffer.from(`${text.slice(0, -1)},"atMs":${redisMs * 2}}`);
const eventOf = (text: string) => Buffer.from(`{"kind":"head","head":${stored(text)}}`);
const bytesOf = (text: string | undefined) => Buffer.from(text ?? assert.fail("it was not sent"));
const epoch = redisMs * 1_000;

it("a message passes once, while it is young, whichever channel it is repeated on", async () => {
  const { open, timers } = await processes();
  const [sender, receiver] = [await open([old]), await open([next, old])];
  const sent = bytesOf(sender.codec.encode("reports", report));
  assert.deepEqual(receiver.codec.decode("reports", sent), { value: report });
  assert.equal(receiver.codec.decode("reports", sent), undefined, "it is repeated");
  const other = { problem: "it is sealed with another secret, or was changed since" };
  assert.deepEqual(receiver.codec.decode("probeResults", sent), other);
  assert.deepEqual((await open([old], { name: "logs2" })).codec.decode("reports", sent), other);
  const plain = { problem: "it is not sealed, so its writer has no `secret`" };
  assert.deepEqual(receiver.codec.decode("reports", Buffer.from(JSON.stringify(report))), plain);
  assert.match(JSON.stringify(receiver.codec.decode("reports", Buffer.alloc(99_000))), /is larger than/);
  const late = bytesOf(sender.codec.encode("reports", report));
  timers.advance(10_001);
  assert.equal(receiver.codec.decode("reports", late), undefined, "it is late");
  for (const channel of ["statusRequests", "heartbeats"] as const) {
    assert.ok("problem" in (receiver.codec.decode(channel, Buffer.from("{}")) ?? {}), channel);
  }
  const asked = bytesOf(sender.codec.encode("statusRequests", {}));
  assert.deepEqual(receiver.codec.decode("statusRequests", asked), { value: {} });
});

it("what a leader of an older epoch sends is ignored, and not once its successor's epoch is disproved by the clock", async () => {
  const { open, jump } = await processes();
  const [first, second, reader] = [await open([old]), await open([old]), await open([old])];
  first.codec.leads(epoch);
  second.codec.leads(epoch + 1);
  assert.ok(reader.codec.decode("events", bytesOf(first.codec.encode("events", request))) !== undefined);
  const head = second.codec.encodeHead(headOf(epoch + 1, 1));
  assert.ok(reader.codec.decode("events", eventOf(head)) !== undefined);
  const fromFirst = () => reader.codec.decode("events", bytesOf(first.codec.encode("events", request)));
  assert.equal(fromFirst(), undefined);
  jump(-90_000_000);
  await Promise.all([first.adjust(), reader.adjust()]);
  assert.deepEqual(fromFirst(), { value: request });
});

it("a head is believed while it is young; the first that a process finds may be a day old, and none from the future", async () => {
  const { open, timers, storeNowMs } = await processes();
  const leader = await open([old]);
  const bytes = stored(leader.codec.encodeHead(headOf(epoch, 1)));
  const ageOf = (read: ReturnType<ViewCodec["decodeHead"]>) =>
    read !== undefined && "value" in read ? storeNowMs() - read.value.atMs : undefined;
  timers.advance(86_400_000);
  const reader = await open([old]);
  assert.equal(ageOf(reader.codec.decodeHead(bytes)), 86_400_000, "its time is that of the seal");
  assert.equal(reader.codec.decodeHead(bytes), undefined, "it is the second");
  timers.advance(1);
  assert.equal((await open([old])).codec.decodeHead(bytes), undefined, "it is older than a day");
  const young = stored(leader.codec.encodeHead(headOf(epoch, 2)));
  timers.advance(10_000);
  assert.equal(ageOf(reader.codec.decodeHead(young)), 10_000);
  timers.advance(1);
  assert.equal(reader.codec.decodeHead(young), undefined);
  assert.deepEqual(reader.logger.lines, []);
});

it("a clock of Redis that jumps by days stops neither heads nor messages once both processes have asked it", async () => {
  const { open, jump } = await processes();
  const [leader, reader] = [await open([old]), await open([old])];
  const isRead = () => {
    const beat = leader.codec.decodeHead(stored(leader.codec.encodeHead(headOf(epoch, 1)))) !== undefined;
    const head = reader.codec.decodeHead(stored(leader.codec.encodeHead(headOf(epoch, 1)))) !== undefined;
    return (
      beat && head && reader.codec.decode("reports", bytesOf(leader.codec.encode("reports", report))) !== undefined
    );
  };
  assert.ok(isRead());
  for (const days of [3, -5]) {
    jump(days * 86_400_000);
    await leader.adjust();
    assert.ok(!isRead(), "one of them has another time");
    await reader.adjust();
    assert.ok(isRead());
  }
});

it("heads that come late for 6 s have one line with the reason, and one when they come in time; one head again is no news", async () => {
  const { open, jump, timers } = await processes();
  const leader = await open([old]);
  jump(-15_000);
  const reader = await open([old]);
  const beat = (sender = leader, count = 1) => {
    for (let time = 0; time < count; time++) {
      const event = eventOf(sender.codec.encodeHead(headOf(epoch, timers.nowMs())));
      for (let repeated = 0; repeated < 3; repeated++) reader.codec.decode("events", event);
      timers.advance(2_000);
    }
  };
  let seen = 0;
  const news = () => {
    const lines = reader.logger.lines.slice(seen);
    seen += lines.length;
    return lines;
  };
  beat(leader, 3);
  assert.deepEqual(news(), [], "they may have been held up");
  beat(leader, 5);
  const problem = "its heads come 15 s early by the time that Redis gives this process";
  const line = `the view in Redis is not followed: ${problem}; a process without it monitors the cluster for itself`;
  assert.deepEqual(news(), [`warn ${line}`]);
  await leader.adjust();
  beat();
  assert.deepEqual(news(), ["info the heads of the view in Redis come in time again"]);
  jump(12_000);
  await reader.adjust();
  beat(leader, 5);
  assert.match(news().join(), /^warn the view in Redis is not followed: its heads come 12 s late/);
});

it("before Redis has said its time, nothing is sealed, and nothing is believed", async () => {
  const { open } = await processes();
  const [leader, early] = [await open([old]), await open([old], { knowsTime: false })];
  assert.equal(early.codec.encode("reports", report), undefined);
  const head = stored(leader.codec.encodeHead(headOf(epoch, 1)));
  const sent = bytesOf(leader.codec.encode("reports", report));
  assert.equal(early.codec.decodeHead(head), undefined);
  assert.equal(early.codec.decode("reports", sent), undefined);
  await early.adjust();
  assert.ok(early.codec.decodeHead(head) !== undefined && early.codec.decode("reports", sent) !== undefined);
});

it("processes with different secrets say so once, and leave the lease to those that are followed", async () => {
  const { open, timers } = await processes();
  const sealed = await open([old]);
  const plain = await open(undefined);
  const ofSealed = eventOf(sealed.codec.encodeHead(headOf(epoch, 1)));
  const ofPlain = eventOf(plain.codec.encodeHead(headOf(epoch, 1)));
  for (const [reader, event, problem] of [
    [await open(undefined), ofSealed, "it is sealed, and this process has no `secret`"],
    [await open([next]), ofSealed, "it is sealed with another secret, or was changed since"],
    [await open([next]), ofPlain, "it is not sealed, so its writer has no `secret`"],
  ] as const) {
    assert.ok(reader.codec.mayLead, "it has seen no other leader");
    for (let beat = 0; beat < 3; beat++) assert.equal(reader.codec.decode("events", event), undefined);
    const after = "; without it, a process monitors the cluster for itself";
    assert.deepEqual(reader.logger.lines, [`warn the view in Redis is not followed: ${problem}${after}`]);
    assert.ok(!reader.codec.mayLead);
    timers.advance(20_000);
    assert.ok(reader.codec.mayLead, "the other has gone");
  }
  const left = await open([next]);
  assert.equal(left.codec.decodeHead(stored(sealed.codec.encodeHead(headOf(epoch, 1)))), undefined);
  assert.ok(left.codec.mayLead, "what a leader has left behind holds back no other");
});

it("a process that is followed takes what is sealed otherwise for forged, until its own secrets are others", async () => {
  const { open } = await processes();
  const [leader, reader] = [await open([old]), await open([old])];
  const follow = () => reader.codec.decode("events", eventOf(leader.codec.encodeHead(headOf(epoch, 1))));
  assert.ok(follow() !== undefined);
  const forged = eventOf((await open([next])).codec.encodeHead(headOf(epoch, 9)));
  assert.equal(reader.codec.decode("events", forged), undefined);
  assert.ok(reader.codec.mayLead);
  assert.match(
    reader.logger.lines.join(),
    /^warn what Redis holds for \{rollcall:logs\}:events is not used: it is sealed with/,
  );
  reader.change([next, old]);
  assert.ok(follow() !== undefined, "the old one verifies still");
  reader.change([next]);
  assert.equal(follow(), undefined);
  assert.match(reader.logger.lines.at(-1) ?? "", /^warn the view in Redis is not followed/);
});

it("of a history, the lines that the secret has sealed are read, and no others", async () => {
  const { open, timers } = await processes();
  const [writer, reader] = [await open([old]), await open([next, old])];
  const entry = (text: string) => ({ atMs: 1, event: "node.down", text, by: "a" });
  const lines = writer.codec.encodeHistory([entry("first"), entry("second")]);
  const forged = Buffer.concat([lines, Buffer.from(`${JSON.stringify(entry("forged"))}\n`)]);
  timers.advance(1e9);
  const expected = { value: [entry("first"), entry("second")] };
  assert.deepEqual(reader.codec.decodeHistory(forged), expected);
  assert.deepEqual(
    reader.codec.decodeHistory(writer.codec.encodeNewestHistory([entry("first"), entry("second")])),
    expected,
  );
  assert.ok("problem" in (await open([next])).codec.decodeHistory(lines));
});

it("a head whose lease is given back is sealed as such, and is that of no script", async () => {
  const { open } = await processes();
  const [leader, reader] = [await open([old]), await open([old])];
  const read = reader.codec.decodeHead(Buffer.from(leader.codec.encodeReleasedHead(headOf(epoch, 4))));
  assert.ok(read !== undefined && "value" in read && read.value.released === true && read.value.beat === 4);
  const noted = stored(leader.codec.encodeHead(headOf(epoch, 4)))
    .toString()
    .replace(/\}$/, ',"released":true}');
  const unnoted = reader.codec.decodeHead(Buffer.from(noted));
  assert.ok(unnoted !== undefined && "value" in unnoted && unnoted.value.released === undefined);
});
