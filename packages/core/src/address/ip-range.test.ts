import assert from "node:assert/strict";
import { BlockList } from "node:net";
import { it } from "node:test";
import fc from "fast-check";
import { parseHost } from "./host.js";
import { formatIp, isInRange, parseIp, parseIpRange } from "./ip-range.js";

it("every spelling of an address is read as the same address and written in one spelling", () => {
  const spellings = [
    ["10.0.0.1", "::ffff:10.0.0.1", "::FFFF:a00:1", "0:0:0:0:0:ffff:0a00:0001"],
    ["fe80::1", "fe80::1%eth0", "FE80:0:0:0:0:0:0:1"],
    ["64:ff9b::102:304", "64:ff9b::1.2.3.4"],
    ["::", "0::0"],
    ["1::", "1:0:0:0:0:0:0:0"],
  ];
  for (const [canonical = "", ...others] of spellings) {
    for (const text of [canonical, ...others]) {
      const address = parseIp(text);
      assert.ok(address);
      assert.deepEqual([address, formatIp(address)], [parseIp(canonical), canonical], text);
    }
  }
});

it("a text that is not exactly an address or a range is refused", () => {
  const addresses = ["", "es1", "1.2.3", "0x7f.1", "010.0.0.1", "1.2.3.4.5", "256.1.1.1", "[::1]", ":::", "::1/128"];
  for (const text of addresses) assert.equal(parseIp(text), undefined, text);
  const ranges = ["10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "10.0.0.0/8/8", "::/129", "fe80::%a/10", "/8"];
  for (const text of ranges) assert.equal(parseIpRange(text), undefined, text);
  for (const text of ["10.1.2.3/8", "fd00::1/8"]) assert.equal(parseIpRange(text), undefined, `${text}: host bits`);
});

it("a range of IPv4 that is written as IPv6 is a range of IPv4", () => {
  assert.deepEqual(parseIpRange("::ffff:10.0.0.0/104"), parseIpRange("10.0.0.0/8"));
  assert.equal(parseIpRange("::ffff:0:0/95"), undefined);
});

it("a range contains exactly the addresses that Node's BlockList contains", () => {
  const cases = [
    { ip: fc.ipV4(), family: "ipv4" as const, bits: 32 },
    { ip: fc.ipV6().filter((text) => parseIp(text)?.family === 6), family: "ipv6" as const, bits: 128 },
  ].map(({ ip, family, bits }) =>
    fc.record({ base: ip, other: ip, family: fc.constant(family), prefix: fc.nat(bits) }),
  );
  fc.assert(
    fc.property(fc.oneof(...cases), fc.boolean(), ({ base, other, family, prefix }, near) => {
      const theirs = new BlockList();
      theirs.addSubnet(base, prefix, family);
      const [network, probed] = [parseIp(base), parseIp(near ? base : other)];
      assert.ok(network && probed);
      const hostBits = BigInt((network.family === 4 ? 32 : 128) - prefix);
      const first = { ...network, value: (network.value >> hostBits) << hostBits };
      const range = parseIpRange(`${formatIp(first)}/${prefix}`);
      assert.ok(range);
      assert.equal(isInRange(probed, range), theirs.check(near ? base : other, family));
    }),
  );
});

it("a host is classified by what it is good for, also behind NAT64 and in every spelling", () => {
  const kinds = {
    name: ["es1.example.com", "es_1"],
    address: ["10.0.0.1", "203.0.113.9", "2001:db8::1", "64:ff9b::808:808"],
    loopback: ["localhost", "a.localhost.", "127.9.9.9", "::1", "::ffff:127.0.0.1", "64:ff9b::127.0.0.1"],
    scoped: ["fe80::1%eth0"],
    wildcard: ["0.0.0.0", "0.1.2.3", "::"],
    "link-local": ["169.254.169.254", "fe80::1", "febf::1", "64:ff9b::a9fe:a9fe"],
    multicast: ["224.0.0.1", "239.1.1.1", "ff02::1"],
    reserved: ["240.0.0.1", "255.255.255.255", "::127.0.0.1", "::7f00:1"],
    metadata: ["168.63.129.16", "192.0.0.192", "100.100.100.200", "fd00:ec2::254", "fd20:ce::254", "fd00:42::42"],
  };
  for (const [kind, hosts] of Object.entries(kinds)) {
    for (const host of hosts) assert.equal(parseHost(host)?.kind, kind, host);
  }
});
