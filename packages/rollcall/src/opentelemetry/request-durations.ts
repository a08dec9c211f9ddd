import { type Attributes, type Context, type Histogram, type Meter, ValueType } from "@opentelemetry/api";
import { present } from "@rollcall/core";
import type { SettledRequest } from "@rollcall/worker";
import { metricDefinitions } from "../prometheus/metric-definitions.js";
import { durationBounds } from "../prometheus/request-counts.js";
import { peerAttributes } from "./address-attributes.js";
import { AttributesCache } from "./attributes-cache.js";
import { errorType } from "./error-type.js";
import type { KnownCluster, PoolAttributes } from "./pool-attributes.js";

/** Records how long each request took, by what it did, at which node, and what came of it. */
export class RequestDurations {
  private readonly histogram: Histogram;
  private readonly cache = new AttributesCache<KnownCluster>();

  constructor(
    meter: Meter,
    private readonly pool: PoolAttributes,
  ) {
    const definition = metricDefinitions.find(({ type }) => type === "histogram");
    if (definition === undefined) throw new Error("no metric is a histogram");
    this.histogram = meter.createHistogram(definition.name, {
      ...{ description: definition.help, unit: "s", valueType: ValueType.DOUBLE },
      advice: { explicitBucketBoundaries: [...durationBounds] },
    });
  }

  record(settled: SettledRequest, operation: string | undefined, context: Context): void {
    const { cluster } = this.pool;
    const key = `${settled.node} ${settled.status} ${settled.outcome} ${settled.class} ${operation}`;
    const attributes = this.cache.get(cluster, key, () => this.attributesOf(settled, operation, cluster));
    this.histogram.record(settled.durationMs / 1_000, attributes, context);
  }

  private attributesOf(settled: SettledRequest, operation: string | undefined, cluster: KnownCluster): Attributes {
    const { node, status } = settled;
    const attributes = present({
      ...{ "db.namespace": cluster.name, "db.operation.name": operation, "db.system.name": cluster.system },
      "db.response.status_code": status === undefined ? undefined : String(status),
      "error.type": errorType(settled),
      "rollcall.request.class": settled.class,
    });
    return sorted({ ...attributes, ...this.pool.server, ...(node === undefined ? {} : peerAttributes(node)) });
  }
}

/** The SDK sorts them at each record: that is quicker where they are sorted. */
function sorted(attributes: Attributes): Attributes {
  return Object.fromEntries(Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1)));
}
