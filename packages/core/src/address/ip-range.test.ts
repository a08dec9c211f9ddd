import assert from "node:assert/strict";
import { BlockList } from "node:net";
import { describe, it } from "node:test";
import fc from "fast-check";
import { isInRange, parseIp, parseIpRange } from "./ip-range.js";

describe("an address", () => {
  it("is the same however it is written", () => {
    const spellings = [
      ["10.0.0.1", "::ffff:10.0.0.1", "::FFFF:a00:1", "0:0:0:0:0:ffff:0a00:0001"],
      ["fe80::1", "fe80::1%eth0", "FE80:0:0:0:0:0:0:1"],
      ["64:ff9b::1.2.3.4", "64:ff9b::102:304"],
      ["::", "0::0"],
    ];
    for (const [first = "", ...others] of spellings) {
      assert.ok(parseIp(first));
      for (const other of others) assert.deepEqual(parseIp(other), parseIp(first), other);
    }
  });

  it("is not read into anything else", () => {
    for (const text of [
      "",
      "es1",
      "1.2.3",
      "0x7f.1",
      "010.0.0.1",
      "1.2.3.4.5",
      "256.1.1.1",
      "[::1]",
      ":::",
      "::1/128",
    ]) {
      assert.equal(parseIp(text), undefined, text);
    }
  });
});

describe("a range", () => {
  it("is refused where it is unclear or impossible", () => {
    const texts = [
      "10.1.2.3/8",
      "10.0.0.0/33",
      "10.0.0.0/-1",
      "10.0.0.0/",
      "10.0.0.0/8/8",
      "fd00::1/8",
      "::/129",
      "fe80::%a/10",
      "/8",
    ];
    for (const text of texts) assert.equal(parseIpRange(text), undefined, text);
  });

  it("of IPv4 written as IPv6 is one of IPv4", () => {
    assert.deepEqual(parseIpRange("::ffff:10.0.0.0/104"), parseIpRange("10.0.0.0/8"));
    assert.equal(parseIpRange("::ffff:0:0/95"), undefined);
  });

  it("holds the addresses that Node's own BlockList holds", () => {
    const anyCase = fc
      .tuple(fc.ipV4(), fc.integer({ min: 0, max: 32 }), fc.ipV4())
      .map(([base, bits, address]) => ({ base, bits, address, family: "ipv4" as const }));
    const anyCase6 = fc
      .tuple(fc.ipV6(), fc.integer({ min: 0, max: 128 }), fc.ipV6())
      .filter(([base, , address]) => parseIp(base)?.family === 6 && parseIp(address)?.family === 6)
      .map(([base, bits, address]) => ({ base, bits, address, family: "ipv6" as const }));
    fc.assert(
      fc.property(fc.oneof(anyCase, anyCase6), fc.boolean(), ({ base, bits, address, family }, near) => {
        const probed = near ? base : address;
        const theirs = new BlockList();
        theirs.addSubnet(base, bits, family);
        const range = rangeAround(base, bits);
        const parsed = parseIp(probed);
        assert.ok(range && parsed);
        assert.equal(isInRange(parsed, range), theirs.check(probed, family));
      }),
    );
  });
});

/** The range of `bits` bits that `base` lies in, through its canonical text. */
function rangeAround(base: string, bits: number) {
  const parsed = parseIp(base);
  assert.ok(parsed);
  const all = parsed.family === 4 ? 32 : 128;
  const hostBits = BigInt(all - bits);
  const first = (parsed.value >> hostBits) << hostBits;
  const text =
    parsed.family === 4
      ? [24n, 16n, 8n, 0n].map((shift) => (first >> shift) & 0xffn).join(".")
      : first.toString(16).padStart(32, "0").match(/.{4}/g)?.join(":");
  return parseIpRange(`${text}/${bits}`);
}
