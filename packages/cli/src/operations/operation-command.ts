import { createRedisStore, operate, ReplicaRegistry, systemTimers, type ViewStore } from "@rollcall/coordinator";
import { printable, RollcallError } from "@rollcall/core";
import { redactRedis } from "@rollcall/core/config";
import { freshnessOf, type OperationKind, type OperationResult } from "@rollcall/core/view";
import { Command } from "commander";
import { ActiveWarnings } from "../active-warnings.js";
import type { Environment } from "../environment.js";
import { exitCodes, exitCodesHelp } from "../exit-codes.js";
import { jsonText } from "../json-text.js";
import { redisText } from "../redis-text.js";
import { type DrainProgress, isDrained, progressText } from "./drain-progress.js";
import { type AskedOperation, addOperationOptions, type OperationFlags, readOperation } from "./operation-options.js";
import { waitUntilDrained } from "./wait-until-drained.js";

interface Description {
  readonly kind: OperationKind;
  readonly summary: string;
  readonly text: string;
  readonly example: string;
}

const descriptions: readonly Description[] = [
  {
    kind: "drain",
    summary: "take a node out for maintenance: no process sends it new requests",
    text:
      "Asks the leader of a view to drain a node: every process stops new requests to it at once, those in flight end. " +
      "A drain ends by itself, and holds over a restart of the node, of the leader and of Redis.",
    example: '$ rollcall drain es2 --for 30m --reason "kernel update" --wait',
  },
  {
    kind: "undrain",
    summary: "use a drained node again",
    text: "Asks the leader of a view to take a drain back: a node that is healthy gets its full share at once.",
    example: "$ rollcall undrain es2",
  },
  {
    kind: "pause",
    summary: "let every process ignore the leader's down marks for a while",
    text:
      "Asks the leader of a view to let every process ignore shared down marks. Each goes on to eject nodes that fail " +
      "it. A pause ends by itself.",
    example: '$ rollcall pause --for 10m --reason "the leader\'s network is at fault"',
  },
  {
    kind: "resume",
    summary: "obey the leader's down marks again",
    text: "Asks the leader of a view to take a pause back.",
    example: "$ rollcall resume",
  },
  {
    kind: "unmark",
    summary: "take a node's down mark back",
    text: "Asks the leader of a view to take the down mark of a node back, until there is new evidence against it.",
    example: "$ rollcall unmark es2",
  },
];

/** `rollcall drain`, `undrain`, `pause`, `resume` and `unmark`: each asks the leader of a view for one operation. */
export const operationCommands = descriptions.map((description) => {
  return (environment: Environment, finish: (exitCode: number) => void): Command => {
    const { kind, summary, text } = description;
    const command = new Command(kind).summary(summary).description(text).addHelpText("after", helpAfter(description));
    if (kind !== "pause" && kind !== "resume") command.argument("<node>", "its name, address, host or id");
    addOperationOptions(command, kind);
    return command.action(async (...given: unknown[]) => {
      const [node] = given;
      const flags = command.opts<OperationFlags>();
      const asked = await readOperation(kind, typeof node === "string" ? node : undefined, flags);
      const report = await run(asked);
      await environment.write(flags.json === true ? jsonText(report) : textOf(report));
      finish(report.exitCode);
    });
  };
});

/** What has become of it. As JSON this is what `--json` writes: fields may be added, texts may change. */
interface OperationReport extends Partial<Pick<OperationResult, "node" | "untilMs">> {
  /**
   * unanswered   no process leads, or its answer did not arrive
   * unsent       Redis is away, or a permission is missing
   */
  readonly outcome: OperationResult["outcome"] | "unanswered" | "unsent";
  readonly text: string;
  readonly exitCode: number;
  /** With `--wait`: what was left in the end. */
  readonly wait?: DrainProgress & { readonly isDrained: boolean };
}

async function run({ place, request, waitMs }: AskedOperation): Promise<OperationReport> {
  const warnings = new ActiveWarnings();
  const parts = { ...place, timers: systemTimers, random: Math.random, logger: warnings };
  const store = createRedisStore({ ...parts, mayLead: false });
  const replicas = new ReplicaRegistry(systemTimers);
  if (waitMs !== undefined) store.onHeartbeat((heartbeat) => replicas.record(heartbeat));
  try {
    const result = await operate(store, request(store.nowMs()), systemTimers);
    if (result === undefined) return await unanswered(store, place.name, warnings.texts);
    const { id: _, marks, ...shown } = result;
    const isRefused = result.outcome === "refused";
    const report = {
      ...shown,
      text: isRefused ? `refused: ${result.text}; nothing was changed` : result.text,
      exitCode: isRefused ? exitCodes.failure : exitCodes.success,
    };
    if (isRefused || waitMs === undefined || marks === undefined || result.node === undefined) return report;
    const progress = await waitUntilDrained(store, replicas, { node: result.node, marks }, waitMs);
    return withProgress(report, progress, waitMs);
  } catch (error) {
    if (!(error instanceof RollcallError) || error.code !== "REDIS") throw error;
    const where = redisText(redactRedis(place.redis));
    const text = `${unsentText(error.message, warnings.texts, where)}; nothing was changed`;
    return { outcome: "unsent", text, exitCode: exitCodes.noAnswer };
  } finally {
    await store.close();
  }
}

/** The store's own warnings say more than that there is no connection. */
function unsentText(message: string, warnings: readonly string[], where: string): string {
  const problem = message.replace(/^Redis: /, "");
  if (problem.endsWith("(NOPERM)")) return `${problem}, at ${where}`;
  const [, why = problem] = /^Redis cannot be used: (.+?)(?:;|$)/.exec(warnings[0] ?? "") ?? [];
  return `Redis does not answer at ${where}: ${why}`;
}

function textOf({ text }: OperationReport): string {
  return `${text.split("\n").map(printable).join("\n")}\n`;
}

function withProgress(report: OperationReport, progress: DrainProgress, waitMs: number): OperationReport {
  const ended = isDrained(progress);
  const after = ended ? "" : ` after ${waitMs / 1_000} s; the drain goes on`;
  return {
    ...report,
    text: `${report.text}\n${progressText(progress)}${after}`,
    exitCode: ended ? exitCodes.success : exitCodes.failure,
    wait: { ...progress, isDrained: ended },
  };
}

/** Whether there is a leader, and whether its view can be read, decides what an operator can do about it. */
async function unanswered(store: ViewStore, name: string, warnings: readonly string[]): Promise<OperationReport> {
  const view = await store.read().catch(() => undefined);
  const isLed =
    view !== undefined && view.head.released !== true && freshnessOf(store.nowMs() - view.head.atMs) === "fresh";
  const text = isLed
    ? `the leader of the view ${name} has not answered: it is of an older version, or its Redis user lacks a permission; ` +
      "rollcall status shows whether anything has changed"
    : `${warnings[0] ?? `no process leads the view ${name}`}; nothing was changed`;
  return { outcome: "unanswered", text, exitCode: exitCodes.noAnswer };
}

function helpAfter({ kind, example }: Description): string {
  return `
--redis and --name can also be set in the environment, as ROLLCALL_REDIS and
ROLLCALL_NAME.

Example:
  ${example}

${exitCodesHelp({
  success:
    kind === "drain" ? "it is done; with --wait, nothing is in flight at the node" : "it is done, or was so already",
  failure: kind === "drain" ? "refused, with the reason; or --wait has ended before" : "refused, with the reason",
  noAnswer: "nothing was changed: no process leads, Redis is away, or a permission is missing",
})}`;
}
