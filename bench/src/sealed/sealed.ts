import {
  decodeMessage,
  digestOf,
  encodeHead,
  encodeMarks,
  encodeMessage,
  encodeTopology,
  type Heartbeat,
  headEventAround,
  type Marks,
  opened,
  openHeadEvent,
  sealed as seal,
  sealKeys,
  type Topology,
} from "@rollcall/core/view";
import { type Report, table } from "../report.js";
import { median } from "../statistics.js";

const version = { epoch: 1_795_000_000_000_000, leader: "8d1d2381-7eda-4ce0-a1bb-72e8fb5fa34a", sequence: 7 };
const by = { sender: "1a2b3c4d5e", epoch: version.epoch, sequence: 123_456, atMs: 1_795_000_000_000 };
const [first, second] = ["a secret of sixteen bytes or more", "another secret that is long enough"] as const;
const keys = sealKeys("logs", [first]);
const rotating = sealKeys("logs", [second, first]);

const keyOf = (id: number) => `n4RY0rd1Sm2rgrXQ${id}@es${id}.example.com:9200`;

/** A view of so many nodes, of which one in a hundred is down. */
function documentsOf(nodes: number): { readonly topology: Topology; readonly marks: Marks } {
  const ids = Array.from({ length: nodes }, (_, id) => id);
  const mark = { kind: "down", sinceMs: by.atMs, reason: "connection refused" } as const;
  return {
    topology: {
      version,
      clusterUuid: "u1",
      source: "sniff",
      nodes: ids.map((id) => ({
        ...{ id: `n4RY0rd1Sm2rgrXQ${id}`, name: `es-${id}`, host: `es${id}.example.com`, port: 9200 },
        ...{ roles: ["data", "ingest", "master", "ml"], attributes: { zone: `z${id % 3}`, rack: `r${id % 40}` } },
      })),
    },
    marks: { version, nodes: Object.fromEntries(ids.filter((id) => id % 100 === 0).map((id) => [keyOf(id), mark])) },
  };
}

/** Of a replica with two threads that has ejected so many nodes. */
function heartbeatOf(nodes: number): Heartbeat {
  return {
    ...{ replica: version.leader, host: "web-1", pid: 7, role: "candidate", leading: false, freshness: "fresh" },
    view: { topology: version, marks: version },
    ejected: Array.from({ length: nodes }, (_, id) => keyOf(id)),
    threads: [0, 1].map((thread) => ({ thread, topology: version, calls: 12, tasks: 0, state: "well" })),
  };
}

interface Often {
  readonly calls: number;
  readonly rounds: number;
}

/** Microseconds of processor time that one call of each takes, as the median of rounds in which they take turns. */
function costs(each: readonly (() => unknown)[], { calls, rounds }: Often): readonly number[] {
  const times = each.map((): number[] => []);
  for (let round = -1; round < rounds; round++) {
    for (const [at, call] of each.entries()) {
      const begun = process.cpuUsage();
      for (let again = 0; again < calls; again++) call();
      // The first round warms up.
      const { user, system } = process.cpuUsage(begun);
      if (round >= 0) times[at]?.push((user + system) / calls);
    }
  }
  return times.map(median);
}

/** What seals cost a leader and its readers, in processor time. Nothing is sent. */
export async function sealed({ quick }: { readonly quick: boolean }): Promise<Report> {
  const often = quick ? { calls: 100, rounds: 3 } : { calls: 5_000, rounds: 15 };
  const seldom = quick ? { calls: 3, rounds: 3 } : { calls: 40, rounds: 15 };
  const { topology, marks } = documentsOf(1_000);
  const encoded = { topology: encodeTopology(topology), marks: encodeMarks(marks) };
  const digests = { topology: digestOf(encoded.topology), marks: digestOf(encoded.marks) };
  const head = { topology: version, marks: version, beat: 123_456, replicas: 1_000, digests };
  const plainHead = encodeHead(head);
  const sealedHead = seal(plainHead, by, "head", keys);
  const stored = (text: string) => `${text.slice(0, -1)},"atMs":${by.atMs}}`;
  const eventOf = (text: string, inline?: Uint8Array) => {
    const { before, after } = headEventAround(inline);
    return Buffer.from(`${before}${stored(text)}${after}`);
  };
  const [beat, sealedBeat] = [eventOf(plainHead), eventOf(sealedHead)];
  const [news, sealedNews] = [eventOf(plainHead, encoded.marks), eventOf(sealedHead, encoded.marks)];
  const heartbeat = encodeMessage("heartbeats", heartbeatOf(32)) ?? "";
  const sealedHeartbeat = Buffer.from(seal(heartbeat, by, "heartbeats", keys));
  const forged = Buffer.from(seal(heartbeat, by, "heartbeats", sealKeys("logs", [second])));
  const plainHeartbeat = Buffer.from(heartbeat);
  const publish = () => digestOf(encodeTopology(topology)) + digestOf(encodeMarks(marks)) + encodeHead(head);
  const openHeartbeat = (bytes: Uint8Array, verified: typeof keys) => {
    const read = opened(bytes, "heartbeats", verified);
    return read.kind === "opened" && decodeMessage("heartbeats", read.body);
  };
  const rows: readonly (readonly [
    what: string,
    without: (() => unknown) | undefined,
    verified: () => unknown,
    Often,
  ])[] = [
    ["leader: a beat", () => encodeHead(head), () => seal(encodeHead(head), by, "head", keys), often],
    ["leader: a view of 1,000 nodes, with both documents", publish, () => seal(publish(), by, "head", keys), seldom],
    ["reader: a beat", () => decodeMessage("events", beat), () => openHeadEvent(sealedBeat, keys), often],
    ["reader: a beat, with the second of two secrets", undefined, () => openHeadEvent(sealedBeat, rotating), often],
    [
      `reader: a head with marks of ${encoded.marks.byteLength} bytes`,
      () => decodeMessage("events", news),
      () => openHeadEvent(sealedNews, keys),
      often,
    ],
    [
      "leader: a heartbeat that names 32 nodes",
      () => decodeMessage("heartbeats", plainHeartbeat),
      () => openHeartbeat(sealedHeartbeat, keys),
      often,
    ],
    ["any process: to refuse a message without a seal", undefined, () => openHeartbeat(plainHeartbeat, keys), often],
    ["any process: to refuse one of another secret", undefined, () => openHeartbeat(forged, keys), often],
  ];
  const measured = rows.map(([what, without, verified, how]) => {
    const [after = 0, before] = costs(without === undefined ? [verified] : [verified, without], how);
    const added = before === undefined ? "" : (after - before).toFixed(1);
    return [what, before?.toFixed(1) ?? "", after.toFixed(1), added];
  });
  const body =
    "Of the functions that the store uses, called in turns by one thread; nothing is sent. Each figure is the median of " +
    `${often.rounds} rounds.\n\n## Microseconds of processor time of one call\n\n` +
    `${table(["", "without a secret", "with one", "added"], measured)}\n` +
    `A seal adds ${sealedHead.length - plainHead.length} bytes to a head of ${plainHead.length}, and ` +
    `${sealedHeartbeat.byteLength - plainHeartbeat.byteLength} to a heartbeat of ${plainHeartbeat.byteLength}.\n\n`;
  return { title: "Sealed: what the secret of a view costs", body };
}
