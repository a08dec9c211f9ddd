/** Spans and metrics of a pool for OpenTelemetry: docs/tracing.md. */
export { type InstrumentedPool, type InstrumentOptions, instrument } from "./opentelemetry/instrument.js";
