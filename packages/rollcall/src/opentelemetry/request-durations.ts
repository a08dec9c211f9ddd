import { type Attributes, type Context, type Meter, ValueType } from "@opentelemetry/api";
import type { SettledRequest } from "@rollcall/worker";
import { metricDefinitions } from "../prometheus/metric-definitions.js";
import { durationBounds } from "../prometheus/request-counts.js";
import { errorType } from "./error-type.js";
import type { PoolAttributes } from "./pool-attributes.js";

/** Records how long each request took, by what it did, at which node, and what came of it. */
export class RequestDurations {
  private readonly histogram;

  constructor(
    meter: Meter,
    private readonly pool: PoolAttributes,
    private readonly poolName: string,
  ) {
    const definition = metricDefinitions.find(({ type }) => type === "histogram");
    if (definition === undefined) throw new Error("no metric is a histogram");
    this.histogram = meter.createHistogram(definition.name, {
      ...{ description: definition.help, unit: "s", valueType: ValueType.DOUBLE },
      advice: { explicitBucketBoundaries: [...durationBounds] },
    });
  }

  record(settled: SettledRequest, operation: string | undefined, context: Context): void {
    const { node, status, durationMs } = settled;
    const attributes: Attributes = { "db.system.name": this.pool.system };
    if (operation !== undefined) attributes["db.operation.name"] = operation;
    if (this.pool.cluster !== undefined) attributes["db.namespace"] = this.pool.cluster;
    Object.assign(attributes, this.pool.server);
    if (node !== undefined) Object.assign(attributes, this.pool.peer(node));
    if (status !== undefined) attributes["db.response.status_code"] = String(status);
    const error = errorType(settled);
    if (error !== undefined) attributes["error.type"] = error;
    attributes["rollcall.request.class"] = settled.class;
    attributes["db.client.connection.pool.name"] = this.poolName;
    this.histogram.record(durationMs / 1_000, attributes, context);
  }
}
