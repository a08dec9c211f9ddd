import { RollcallError } from "@rollcall/core";
import type { Pool } from "@rollcall/worker";
import { scroll } from "rollcall/helpers";
import { newWrite, type WriteKind } from "../faults/support-writes.js";
import type { Asked } from "../support/replica/index.js";
import type { CallKind, WriteOutcome } from "./messages.js";
import type searchWithin from "./search-task.js";

/** What a caller got: undefined for what it wanted, else the error's name and its message. */
export type CallEnd = { readonly error: string; readonly message: string } | undefined;

/** Each kind of call of a replica: how often a second, and how it is made. Never rejects. */
export interface Call {
  readonly kind: CallKind;
  readonly perSecond: number;
  call(): Promise<CallEnd>;
}

/** Longer than any fault lasts. */
const patientMs = 30_000;
/** Shorter than a node is frozen. */
const briefMs = 8_000;
const surgeMs = 2_000;
const largeAnswerHits = 800;
const pagesOfScroll = 3;
const searchTask = new URL("./search-task.js", import.meta.url);

/**
 * The mixed load of one replica. `written` gets what became of each write, by an index that no other write has.
 */
export function callsOf(pool: Pool, name: string, written: (outcome: WriteOutcome) => void): readonly Call[] {
  let writes = 0;
  const search = { method: "POST", path: "/logs/_search", body: { size: 3 } } as const;

  const write = async (kind: WriteKind, timeoutMs: number): Promise<CallEnd> => {
    const { request, ...about } = newWrite(kind, `${name}-${++writes}`, timeoutMs);
    let outcome: Asked;
    try {
      const { status, node, attempts } = await pool.request(request);
      outcome = { status, node, attempts: attempts.length, body: "" };
    } catch (error) {
      if (!(error instanceof RollcallError)) throw error;
      const { code, sent, message, attempts } = error;
      outcome = { code, sent, message, attempts: attempts.length };
    }
    written({ write: about, outcome });
    if ("code" in outcome) return { error: outcome.code, message: `${outcome.message} (sent: ${outcome.sent})` };
    return outcome.status < 300 ? undefined : { error: `STATUS ${outcome.status}`, message: outcome.node };
  };
  const read = async (timeoutMs: number, signal?: AbortSignal) => {
    const answer = await pool.request({ ...search, timeoutMs, signal });
    answer.throwIfError().json();
  };
  const stream = async (isLeft: boolean) => {
    const path = `/logs/_search?size=${largeAnswerHits}`;
    const { status, body } = await pool.stream({ method: "GET", path, timeoutMs: patientMs });
    if (status >= 300) {
      body.destroy();
      throw new RollcallError("STATUS", `the stream has status ${status}`, { status });
    }
    for await (const _ of body) if (isLeft) break;
  };
  const abandon = async () => {
    const cancel = new AbortController();
    const answer = read(patientMs, cancel.signal);
    setTimeout(() => cancel.abort(), 5);
    await answer.catch((error: unknown) => {
      if (!(error instanceof RollcallError) || error.code !== "ABORTED") throw error;
    });
  };
  const scrollPages = async () => {
    let pages = 0;
    for await (const _ of scroll(pool, { index: "logs", size: 20, timeoutMs: briefMs }).pages()) {
      if (++pages === pagesOfScroll) break;
    }
  };

  const call = (kind: CallKind, perSecond: number, make: () => Promise<unknown>): Call => ({
    kind,
    perSecond,
    call: () => make().then(() => undefined, endOf),
  });
  return [
    call("read", 6, () => read(patientMs)),
    call("surge", 0, () => read(surgeMs)),
    { kind: "repeatable", perSecond: 0.7, call: () => write("put", patientMs) },
    { kind: "repeatable", perSecond: 0.3, call: () => write("bulkById", patientMs) },
    { kind: "once", perSecond: 1.5, call: () => write("post", briefMs) },
    { kind: "once", perSecond: 0.3, call: () => write("bulk", briefMs) },
    call("scroll", 0.2, scrollPages),
    call("stream", 0.3, () => stream(false)),
    call("stream", 0.2, () => stream(true)),
    call("abandoned", 0.6, abandon),
    call("task", 0.3, () => pool.run<typeof searchWithin>(searchTask, patientMs)),
  ];
}

function endOf(error: unknown): CallEnd {
  if (!(error instanceof RollcallError)) return { error: "NOT OURS", message: String(error) };
  const { code, status, message, cause } = error;
  // What a task throws is what its search got.
  if (code === "TASK" && cause instanceof RollcallError) return endOf(cause);
  return { error: code === "STATUS" ? `STATUS ${status}` : code, message };
}
