import { context, propagation, ROOT_CONTEXT } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  ParentBasedSampler,
  type SpanExporter,
  TraceIdRatioBasedSampler,
} from "@opentelemetry/sdk-trace-base";
import { Registry } from "prom-client";
import { instrument } from "rollcall/opentelemetry";
import { registerMetrics } from "rollcall/prometheus";

type Pool = Parameters<typeof instrument>[0];

/** What is made of each request: nothing, metrics for Prometheus, metrics and spans of OpenTelemetry's own SDK. */
export interface Observation {
  readonly label: string;
  /** The application uses OpenTelemetry's SDK, whatever is made of Rollcall's requests. */
  readonly sdk: boolean;
  readonly prometheus: boolean;
  readonly metrics: boolean;
  /** Which part of the requests has a span that is exported; undefined: there are no spans. */
  readonly sampled: number | undefined;
}

const nothing = { sdk: false, prometheus: false, metrics: false, sampled: undefined };
const sdk = { ...nothing, sdk: true };

export const observations = {
  nothing: { ...nothing, label: "nothing" },
  prometheus: { ...nothing, label: "Prometheus", prometheus: true },
  sdk: { ...sdk, label: "nothing, in an application with OpenTelemetry's SDK" },
  metrics: { ...sdk, label: "OpenTelemetry, metrics", metrics: true },
  spans: { ...sdk, label: "OpenTelemetry, all spans", sampled: 1 },
  tenth: { ...sdk, label: "OpenTelemetry, a tenth of the spans", sampled: 0.1 },
  both: {
    label: "Prometheus, and OpenTelemetry with metrics and all spans",
    ...{ ...sdk, prometheus: true, metrics: true, sampled: 1 },
  },
  bothTenth: {
    label: "Prometheus, and OpenTelemetry with metrics and a tenth of the spans",
    ...{ ...sdk, prometheus: true, metrics: true, sampled: 0.1 },
  },
} as const satisfies Readonly<Record<string, Observation>>;
export type ObservationName = keyof typeof observations;

/** What the observation is compared with. */
export function baseOf(name: ObservationName): ObservationName {
  return observations[name].sdk ? "sdk" : "nothing";
}

/** As an application does it: spans go to their exporter in batches, which throws them away. Returns what ends it. */
export function observe(pool: Pool, observation: Observation): () => void {
  const ends: (() => void)[] = [];
  if (observation.prometheus) ends.push(registerMetrics(pool, new Registry()));
  if (observation.sdk) useContexts();
  const { metrics, sampled } = observation;
  if (metrics || sampled !== undefined) {
    ends.push(instrument(pool, { ...providersOf(sampled ?? 0), metrics, spans: sampled !== undefined }));
  }
  return () => {
    for (const end of ends) end();
  };
}

/** From the first use on, Node 20 does more for each promise: the SDK and every instrumentation of a server use it. */
function useContexts(): void {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  context.with(ROOT_CONTEXT, () => {});
}

let providers: ReturnType<typeof makeProviders> | undefined;

function providersOf(sampled: number): ReturnType<typeof makeProviders> {
  providers ??= makeProviders(sampled);
  return providers;
}

function makeProviders(sampled: number) {
  const tracerProvider = new BasicTracerProvider({
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(sampled) }),
    spanProcessors: [new BatchSpanProcessor(discard)],
  });
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
  return { tracerProvider, meterProvider: new MeterProvider({ readers: [reader] }) };
}

const discard: SpanExporter = {
  export: (_, done) => done({ code: 0 }),
  shutdown: () => Promise.resolve(),
};
