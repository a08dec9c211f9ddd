import { randomUUID } from "node:crypto";
import { hostname, userInfo } from "node:os";
import { parseViewPlace, type ViewPlace } from "@rollcall/core/config";
import { operationTimes, spanText } from "@rollcall/core/operations";
import { type OperationKind, type OperationRequest, viewLimits } from "@rollcall/core/view";
import type { Command } from "commander";
import { withoutEmpty } from "../flags.js";
import { parseFlags } from "../parse-flags.js";
import { addViewFlags, readViewFlags, type ViewFlags } from "../view-flags.js";
import { readSpan } from "./span-flag.js";

export interface OperationFlags extends ViewFlags {
  readonly for?: string;
  readonly reason?: string;
  readonly force?: true;
  readonly wait?: string | true;
  readonly json?: true;
}

export interface AskedOperation {
  readonly place: ViewPlace;
  /** Without the time, which is the store's. */
  readonly request: (atMs: number) => OperationRequest;
  /** How long to wait until nothing is in flight at the node; undefined: not at all. */
  readonly waitMs: number | undefined;
}

const waitTimes = { initialMs: 300_000, minMs: 1_000, maxMs: 3_600_000 };

export function addOperationOptions(command: Command, kind: OperationKind): Command {
  addViewFlags(command);
  if (kind === "drain" || kind === "pause") {
    const { initialMs, maxMs } = operationTimes[kind];
    const times = `default: ${spanText(initialMs)}, at most ${spanText(maxMs)}`;
    command.option("--for <time>", `how long, such as 90s, 10m, 2h (${times})`);
  }
  command.option("--reason <text>", "why, for all who look at the view and its history");
  if (kind === "drain") {
    command.option("--force", "also if no other node is in use");
    command.option(
      "--wait [time]",
      `wait until no request is in flight at it (default: ${spanText(waitTimes.initialMs)})`,
    );
  }
  return command.option("--json", "write JSON, for scripts");
}

/** @throws {RollcallError} `CONFIG` with one problem a line, in the words of the command line; no secret is in it */
export async function readOperation(
  kind: OperationKind,
  node: string | undefined,
  given: OperationFlags,
): Promise<AskedOperation> {
  const flags = withoutEmpty(given);
  const problems: string[] = [];
  const { reason = "", wait } = flags;
  if (reason.length > viewLimits.operationReasonMaxLength) {
    problems.push(`--reason has ${reason.length} characters: at most ${viewLimits.operationReasonMaxLength}`);
  }
  if (node !== undefined && (node.trim() === "" || node.length > viewLimits.nodeTextMaxLength)) {
    problems.push(`the node must be a name or an address of at most ${viewLimits.nodeTextMaxLength} characters`);
  }
  const times = kind === "pause" ? operationTimes.pause : operationTimes.drain;
  const forMs = readSpan("--for", flags.for, times, problems);
  const isBare = wait === undefined || wait === true;
  const waitMs = readSpan("--wait", isBare ? undefined : wait, waitTimes, problems);
  const options = await readViewFlags(flags, problems);
  const place = parseFlags(problems, () => parseViewPlace(options));
  const origin = { id: randomUUID(), by: operator(), reason };
  return {
    place,
    request: (atMs) => requestOf(kind, { ...origin, atMs }, node ?? "", forMs, flags.force === true),
    waitMs: wait === undefined ? undefined : waitMs,
  };
}

function requestOf(
  kind: OperationKind,
  origin: Pick<OperationRequest, "id" | "by" | "reason" | "atMs">,
  node: string,
  forMs: number,
  force: boolean,
): OperationRequest {
  switch (kind) {
    case "drain":
      return { ...origin, kind, node, forMs, force };
    case "pause":
      return { ...origin, kind, forMs };
    case "undrain":
    case "unmark":
      return { ...origin, kind, node };
    case "resume":
      return { ...origin, kind };
  }
}

/** `user@host`: for people, because nothing proves it. */
function operator(): string {
  return `${userName()}@${hostname()}`.slice(0, viewLimits.operatorMaxLength);
}

/** A container may run as a user without a name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid-${process.getuid?.() ?? "unknown"}`;
  }
}
