import type { Attributes, BatchObservableResult, Meter, Observable } from "@opentelemetry/api";
import { type MetricDefinition, metricDefinitions, type Sample } from "../prometheus/metric-definitions.js";
import type { RegisteredPool } from "../prometheus/registered-pool.js";
import { peerAttributes } from "./address-attributes.js";

/** The instrument that shows those samples of a metric that are this part of it. */
interface Shown {
  readonly definition: MetricDefinition;
  readonly part: Sample["part"];
  readonly instrument: Observable;
}

/**
 * Shows what the pool is and has counted, each time the meter is read, until what this returns is called or the pool is
 * closed. All but the histogram, which is recorded request by request.
 */
export function observeMetrics(meter: Meter, registered: RegisteredPool): () => void {
  const shown = metricDefinitions.flatMap((definition) => instrumentsOf(meter, definition));
  const instruments = shown.map(({ instrument }) => instrument);
  const observe = (result: BatchObservableResult) => {
    if (registered.pool.isClosed) return end();
    const scrape = registered.scrape();
    for (const { definition, part, instrument } of shown) {
      for (const sample of definition.samples(scrape)) {
        if (sample.part !== part) continue;
        result.observe(instrument, sample.value, attributesOf(definition, registered.name, sample.labels));
      }
    }
  };
  const end = () => {
    meter.removeBatchObservableCallback(observe, instruments);
    registered.close();
  };
  meter.addBatchObservableCallback(observe, instruments);
  return end;
}

function instrumentsOf(meter: Meter, definition: MetricDefinition): Shown[] {
  const { name, unit, help: description, type, counters, aggregator } = definition;
  const options = unit === undefined ? { description } : { description, unit };
  const only = (instrument: Observable): Shown[] => [{ definition, part: undefined, instrument }];
  if (type === "counter") return only(meter.createObservableCounter(name, options));
  if (type === "gauge") {
    // What counts things adds up over processes; a factor, an age or a state does not.
    const addsUp = unit?.startsWith("{") === true && aggregator !== "max";
    return only(
      addsUp ? meter.createObservableUpDownCounter(name, options) : meter.createObservableGauge(name, options),
    );
  }
  if (counters === undefined) return [];
  const counted = { description, ...(counters.unit === undefined ? {} : { unit: counters.unit }) };
  return [
    { definition, part: "count", instrument: meter.createObservableCounter(counters.count, counted) },
    { definition, part: "sum", instrument: meter.createObservableCounter(counters.sum, options) },
  ];
}

/** The labels of docs/metrics.md by the names that OpenTelemetry's conventions have for them, or as our own. */
function attributesOf({ name, labels: named }: MetricDefinition, pool: string, labels: Sample["labels"]): Attributes {
  const attributes: Attributes = { "db.client.connection.pool.name": pool };
  for (const label of named) {
    const value = labels[label];
    if (value === undefined) continue;
    if (label !== "node") attributes[attributeOf(name, label)] = value;
    else if (value !== "") Object.assign(attributes, peerAttributes(String(value)));
  }
  return attributes;
}

const attributeNames: Readonly<Record<string, string>> = {
  class: "rollcall.request.class",
  code: "error.type",
  reason: "rollcall.retry.reason",
};

function attributeOf(metric: string, label: string): string {
  if (label === "state" && metric === "db.client.connection.count") return "db.client.connection.state";
  if (label === "reason" && metric === "rollcall.refused_requests") return "rollcall.refusal.reason";
  return attributeNames[label] ?? `rollcall.${label}`;
}
