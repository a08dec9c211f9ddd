export type { AllowConfig, ClusterConfig, DiscoveryConfig, PoolConfig, Seed, TlsConfig } from "./config.js";
export { type Bound, bounds, defaults, fixed } from "./defaults.js";
export type {
  Auth,
  AuthProvider,
  ClusterOptions,
  ConnectionOptions,
  DiscoveryOptions,
  HostPolicy,
  NodeOption,
  Pem,
  PoolOptions,
  QueueOptions,
  RetryOptions,
  TlsOptions,
} from "./options.js";
export { parseAuth, parseClusterConfig, parsePoolConfig } from "./parse-config.js";
export { isHeaderName, isHeaderValue, reservedHeaders } from "./read-headers.js";
export {
  type RedactedAuth,
  type RedactedConfig,
  type RedactedSeed,
  type RedactedTls,
  redactConfig,
} from "./redact-config.js";
