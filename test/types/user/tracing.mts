// Spans and metrics of OpenTelemetry's SDK for a pool: compiled, never run.
import { metrics } from "@opentelemetry/api";
import { BasicTracerProvider } from "@opentelemetry/sdk-trace-base";
import { createPool, RollcallError } from "rollcall";
import { instrument } from "rollcall/opentelemetry";

const pool = createPool({ nodes: ["http://127.0.0.1:9200"] });
export const end: () => void = instrument(pool, {
  tracerProvider: new BasicTracerProvider(),
  meterProvider: metrics.getMeterProvider(),
  details: true,
});
export const traceOf = (error: unknown): string | undefined =>
  error instanceof RollcallError ? error.traceId : undefined;
