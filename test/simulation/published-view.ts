import { decodeHead, decodeMarks, decodeTopology, type Head, type Marks, type Topology } from "@rollcall/core/view";

/** What one call of a script has made visible. */
export interface Publication {
  readonly process: string;
  readonly leader: string;
  readonly epoch: number;
  readonly head: Head;
  readonly topology?: Topology;
  readonly marks?: Marks;
}

/** Reads the arguments of `publish`, by the product's own codec. */
export function publicationOf(process: string, args: readonly string[]): Publication | undefined {
  const [leader = "", epoch = "", , , headText = "", , , , topologyText = "", marksText = ""] = args;
  const head = headOf(headText);
  if (head === undefined) return undefined;
  const topology = topologyText === "" ? undefined : decodeTopology(Buffer.from(topologyText, "latin1"));
  const marks = marksText === "" ? undefined : decodeMarks(Buffer.from(marksText, "latin1"));
  return {
    process,
    leader,
    epoch: Number(epoch),
    head,
    ...(topology !== undefined && "value" in topology ? { topology: topology.value } : {}),
    ...(marks !== undefined && "value" in marks ? { marks: marks.value } : {}),
  };
}

/** A head without the time that Redis adds, and without its seal. */
export function headOf(text: string): Head | undefined {
  const { seal: _seal, ...head } = JSON.parse(text || "{}") as Readonly<Record<string, unknown>>;
  const read = decodeHead(Buffer.from(JSON.stringify({ ...head, atMs: 0 })));
  return "value" in read ? read.value : undefined;
}
