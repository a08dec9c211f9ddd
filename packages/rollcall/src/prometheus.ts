/** The metrics of a pool for Prometheus: docs/metrics.md. */
export {
  type MetricsOptions,
  type MetricsPool,
  type MetricsRegistry,
  registerMetrics,
} from "./prometheus/register-metrics.js";
