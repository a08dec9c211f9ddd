import { type MeterProvider, metrics, type TracerProvider, trace } from "@opentelemetry/api";
import { RollcallError, rollcallVersion } from "@rollcall/core";
import type { Pool } from "@rollcall/worker";
import { type TraceablePool, traceRequests } from "@rollcall/worker/tracing";
import { RegisteredPool } from "../prometheus/registered-pool.js";
import { observeMetrics } from "./observed-metrics.js";
import { PoolAttributes } from "./pool-attributes.js";
import { RequestDurations } from "./request-durations.js";
import { RequestSpans } from "./request-spans.js";
import { RequestTelemetry } from "./request-telemetry.js";

/** A pool of `createPool` or `mockPool`. A child is none: its requests are its parent's. */
export type InstrumentedPool = Pick<Pool, "config" | "stats" | "on" | "off" | "isClosed">;

export interface InstrumentOptions {
  /** Default: the one that is registered with the API, also if that is done later. */
  readonly tracerProvider?: TracerProvider;
  /** Default: the one that is registered with the API by now. */
  readonly meterProvider?: MeterProvider;
  /** A client span a request, and its context in the request's headers. Default: true. */
  readonly spans?: boolean;
  /** Default: true. */
  readonly metrics?: boolean;
  /**
   * Spans hold the URL, with ids of documents, and the text of queries, of which a longer one than 8,192 characters is
   * cut. Default: false.
   */
  readonly details?: boolean;
  /** `db.client.connection.pool.name`: 1 to 64 characters. Default: the pool's option `name`, else `default`. */
  readonly name?: string;
}

/**
 * Shows the pool's requests as spans, and what it does and sees as metrics, until it is closed or what this returns is
 * called. docs/tracing.md lists them.
 *
 * @throws {RollcallError} `CONFIG` for a child, a closed pool, one that is instrumented already, and a wrong option; the
 *   pool is as before then
 */
export function instrument(pool: InstrumentedPool, options: InstrumentOptions = {}): () => void {
  const traceable = requirePool(pool);
  const { spans, metrics: hasMetrics, details, name } = checkedOptions(pool, options);
  const attributes = new PoolAttributes(pool);
  try {
    const tracer = (options.tracerProvider ?? trace).getTracer("rollcall", rollcallVersion);
    const meter = (options.meterProvider ?? metrics).getMeter("rollcall", rollcallVersion);
    const endTracing = traceable[traceRequests](
      new RequestTelemetry({
        spans: spans ? new RequestSpans(tracer, attributes, details) : undefined,
        durations: hasMetrics ? new RequestDurations(meter, attributes) : undefined,
      }),
    );
    const endMetrics = hasMetrics ? observeMetrics(meter, new RegisteredPool(pool, name)) : () => {};
    return () => {
      endTracing();
      endMetrics();
      attributes.close();
    };
  } catch (error) {
    attributes.close();
    throw error;
  }
}

function requirePool(pool: InstrumentedPool): TraceablePool {
  const given = pool as Partial<InstrumentedPool & TraceablePool> | undefined;
  if (typeof given?.stats !== "function") throw problem("the first argument must be a pool");
  if (typeof given[traceRequests] !== "function") throw problem("a child's requests are its parent's: give that pool");
  if (given.isClosed === true) throw problem("the pool is closed");
  return given as TraceablePool;
}

const optionNames: ReadonlySet<string> = new Set([
  ...["tracerProvider", "meterProvider", "spans", "metrics", "details", "name"],
]);

function checkedOptions(pool: InstrumentedPool, options: InstrumentOptions) {
  const unknown = Object.keys(options).find((option) => !optionNames.has(option));
  if (unknown !== undefined) throw problem(`there is no option ${JSON.stringify(unknown)}`);
  const { spans = true, metrics: hasMetrics = true, details = false } = options;
  for (const [option, value] of Object.entries({ spans, metrics: hasMetrics, details })) {
    if (typeof value !== "boolean") throw problem(`${option} must be true or false`);
  }
  const name = options.name ?? pool.config().name ?? "default";
  if (typeof name !== "string" || name.length < 1 || name.length > 64) {
    throw problem("name must be a text of 1 to 64 characters");
  }
  return { spans, metrics: hasMetrics, details, name };
}

function problem(what: string): RollcallError {
  return new RollcallError("CONFIG", `instrument: ${what}`);
}
