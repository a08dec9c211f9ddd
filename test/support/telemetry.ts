import { context, propagation } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import {
  AggregationTemporality,
  type DataPoint,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { searchForCanaries } from "@rollcall/testing";

// As an SDK does it for the whole process.
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
propagation.setGlobalPropagator(new W3CTraceContextPropagator());

/** OpenTelemetry's own SDK, which keeps in memory what it would export. */
export function keepTelemetry() {
  const spans = new InMemorySpanExporter();
  const tracerProvider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] });
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 2 ** 31 - 1 });
  const meterProvider = new MeterProvider({ readers: [reader] });
  return {
    /** For `instrument`. */
    providers: { tracerProvider, meterProvider },
    tracer: tracerProvider.getTracer("test"),
    /** The spans that have ended. */
    spans: () => spans.getFinishedSpans(),
    /** What the metrics are now, by their names. */
    async metrics(): Promise<
      ReadonlyMap<string, { readonly unit: string; readonly points: readonly DataPoint<unknown>[] }>
    > {
      exporter.reset();
      await meterProvider.forceFlush();
      const metrics = exporter.getMetrics().flatMap((one) => one.scopeMetrics.flatMap((scope) => scope.metrics));
      return new Map(
        metrics.map(({ descriptor, dataPoints }) => [descriptor.name, { unit: descriptor.unit, points: dataPoints }]),
      );
    },
    async [Symbol.asyncDispose]() {
      for (const { name, attributes, events, status } of spans.getFinishedSpans()) {
        searchForCanaries("a span", { name, attributes, events, status });
      }
      await Promise.all([tracerProvider.shutdown(), meterProvider.shutdown()]);
    },
  };
}
