import { EventEmitter } from "node:events";
import { Readable } from "node:stream";
import type { Call } from "./call.js";
import { clientMethod } from "./client-method.js";
import type { AnyClient, TestedClient } from "./clients.js";
import { plainSpan, type RecordedSpan, recordSpans } from "./recorded-spans.js";
import type { RecordingNode, WireRequest } from "./recording-node.js";

/** All that can be seen of one call. */
export interface CallRecord {
  readonly name: string;
  readonly result: unknown;
  readonly events: readonly string[];
  /** Of versions 8 and 9 alone. */
  readonly spans: readonly object[];
  readonly wire: readonly WireRequest[];
}

/** A call that has not ended by then is recorded as one that waits. */
const patienceMs = 30_000;
const eventNames = ["serialization", "request", "deserialization", "response", "sniff", "resurrect"];

/** Makes the calls, one after the other, and records what comes of each. */
export async function runCalls(
  { family }: TestedClient,
  client: AnyClient,
  node: RecordingNode,
  calls: readonly Call[],
): Promise<CallRecord[]> {
  const events: string[] = [];
  for (const event of eventNames) {
    const listener = (error: Error | null, result: unknown) => {
      const { attempts } = (result as { meta?: { attempts?: number } } | null)?.meta ?? {};
      events.push(`${event} ${error?.name ?? "well"} ${attempts ?? ""}`.trim());
    };
    if (client.diagnostic === undefined) client.on?.(event, listener);
    else client.diagnostic.on(event, listener);
  }
  const records: CallRecord[] = [];
  for (const call of calls) {
    if (call.family !== undefined && call.family !== family) continue;
    const spans: RecordedSpan[] = [];
    const result = await recordSpans(spans, () => outcomeOf(family, client, node, call));
    records.push({
      ...{ name: call.name, result, events: events.splice(0) },
      ...{ spans: spans.map(plainSpan), wire: node.take() },
    });
  }
  return records;
}

type Family = TestedClient["family"];

async function outcomeOf(family: Family, client: AnyClient, node: RecordingNode, call: Call): Promise<unknown> {
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise((resolve) => {
    timer = setTimeout(resolve, call.patienceMs ?? patienceMs, { still: "waits" });
  });
  try {
    return await Promise.race([make(family, client, node, call).then(settled), patience]);
  } catch (error) {
    return { thrown: plain(error, 0) };
  } finally {
    clearTimeout(timer);
  }
}

/** A result whose body is a stream, with what the stream holds. */
async function settled(result: unknown): Promise<unknown> {
  const body: unknown = (result as { body?: unknown } | null)?.body;
  if (!(body instanceof EventEmitter)) return { returned: plain(result, 0) };
  const pieces: Buffer[] = [];
  for await (const piece of body as Readable) pieces.push(Buffer.from(piece as Uint8Array));
  return { returned: plain({ ...(result as object), body: Buffer.concat(pieces).toString() }, 0) };
}

async function make(family: Family, parent: AnyClient, node: RecordingNode, call: Call): Promise<unknown> {
  const client = call.child === undefined ? parent : parent.child(call.child);
  if (call.helper !== undefined) return runHelper(family, client, call.helper, call);
  const controller = new AbortController();
  const isModern = family === "modern";
  const options = {
    ...(isModern ? { meta: true } : {}),
    ...(isModern && call.abort !== undefined ? { signal: controller.signal } : {}),
    ...call.options,
  };
  if (isModern && call.abort === "before") controller.abort();
  const arrival = node.arrival();
  const made = start(client, isModern, call, options);
  if (call.abort !== undefined) {
    const abort = isModern ? () => controller.abort() : () => (made as { abort?: () => void }).abort?.();
    if (call.abort === "before") abort();
    // Its result is the call itself: handed on, an error of the call would be one that nothing handles.
    else void arrival.then(() => void abort());
  }
  return made;
}

function start(client: AnyClient, isModern: boolean, call: Call, options: object): Promise<unknown> {
  if (call.api === undefined) {
    const { body, ...request } = structuredClone(call.request ?? {});
    const sent = call.isStreamed === true ? Readable.from([Buffer.from(String(body))]) : body;
    return client.transport.request({ ...request, ...(body === undefined ? {} : { body: sent }) }, options);
  }
  const body = call.body === undefined ? {} : isModern ? spread(call.api, call.body) : { body: call.body };
  return clientMethod(client, call.api)({ ...call.parameters, ...structuredClone(body) }, options);
}

/** In versions 8 and 9 the lines of a bulk and of a search of several have names of their own. */
function spread(api: string, body: NonNullable<Call["body"]>): object {
  if (Array.isArray(body)) return { [api === "bulk" ? "operations" : "searches"]: body };
  return typeof body === "string" ? { body } : body;
}

async function runHelper(family: Family, client: AnyClient, helper: string, call: Call): Promise<unknown> {
  const run = client.helpers[helper]?.bind(client.helpers);
  if (run === undefined) throw new Error(`the client has no helper ${helper}`);
  if (helper === "bulk") {
    const dropped: unknown[] = [];
    const onDocument = ({ id }: { readonly id: string }) => ({ index: { _id: id } });
    const onDrop = (document: unknown) => dropped.push(document);
    const stats = await run({ datasource: call.body, onDocument, onDrop, concurrency: 1, ...call.parameters });
    return { stats, dropped };
  }
  if (helper === "search") return run({ ...call.parameters }, {});
  if (helper === "msearch") {
    const searches = run({ flushInterval: 10, operations: 5, ...call.parameters }) as {
      search(header: object, body: object): Promise<{ readonly status?: number; readonly documents?: unknown }>;
      stop(): void;
    };
    const answers = await Promise.allSettled([1, 2, 3].map((size) => searches.search({}, { size })));
    searches.stop();
    return answers.map((answer) =>
      answer.status === "fulfilled" ? { documents: answer.value.documents } : { thrown: String(answer.reason) },
    );
  }
  const pages: unknown[] = [];
  const parameters = family === "modern" ? { ...call.parameters } : { ...call.parameters, body: {} };
  for await (const page of run(parameters, { ...call.options }) as AsyncIterable<unknown>) {
    const { body, statusCode } = page as { readonly body?: unknown; readonly statusCode?: unknown };
    pages.push(body === undefined ? page : { body, statusCode });
  }
  return pages;
}

/** As data: errors with their fields, URLs and bytes as text; no functions, nothing that has no end. */
function plain(value: unknown, depth: number): unknown {
  if (typeof value === "function" || typeof value === "symbol") return `a ${typeof value}`;
  if (typeof value !== "object" || value === null) return value;
  if (depth > 9) return "…";
  if (value instanceof URL) return value.href;
  if (Buffer.isBuffer(value)) return `bytes ${value.toString("hex")}`;
  if (value instanceof AbortSignal || value instanceof EventEmitter) return value.constructor.name;
  if (Array.isArray(value)) return value.map((one) => plain(one, depth + 1));
  const own = Object.entries(value).map(([name, one]) => [name, plain(one, depth + 1)] as const);
  const data = Object.fromEntries(own);
  if (!(value instanceof Error)) return { ...data, ...shownOf(value, "warnings", depth) };
  const { name, message } = value;
  const fields = ["statusCode", "body", "headers"].map((field) => shownOf(value, field, depth));
  return Object.assign({ class: value.constructor.name, name, message }, ...fields, data);
}

/** Getters and fields that are not enumerable. */
function shownOf(value: object, field: string, depth: number): object {
  return field in value ? { [field]: plain(Reflect.get(value, field), depth + 1) } : {};
}
