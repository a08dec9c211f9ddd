import { setImmediate as nextTurn } from "node:timers/promises";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { runInTurns } from "@rollcall/core";
import {
  encodeMarks,
  encodeMarksInSteps,
  encodeTopology,
  type Marks,
  type Topology,
  topologyJsonInSteps,
} from "@rollcall/core/view";

const gzipBeside = promisify(gzip);

/** A list of more nodes is encoded in turns of the event loop, and compressed beside it. */
const manyNodes = 512;

/** @throws RangeError as `encodeTopology` does */
export async function encodedTopology(topology: Topology): Promise<Uint8Array> {
  if (topology.nodes.length <= manyNodes) return encodeTopology(topology);
  return gzipBeside(await runInTurns(topologyJsonInSteps(topology), nextTurn));
}

/** @throws RangeError as `encodeMarks` does */
export async function encodedMarks(marks: Marks): Promise<Uint8Array> {
  if (Object.keys(marks.nodes).length <= manyNodes) return encodeMarks(marks);
  return runInTurns(encodeMarksInSteps(marks), nextTurn);
}
