export type {
  AllowConfig,
  AuthConfig,
  AuthFileConfig,
  ChildConfig,
  ClusterConfig,
  CompressionConfig,
  ConnectionConfig,
  CoordinatorConfig,
  DiscoveryConfig,
  DiscoveryOff,
  HedgeConfig,
  NodeMatchConfig,
  PoolConfig,
  ProvidedCredential,
  ProxyConfig,
  QueueConfig,
  RedisConfig,
  RedisPasswordConfig,
  RetryConfig,
  Seed,
  SelectionConfig,
  TlsConfig,
  ViewPlace,
} from "./config.js";
export { contentOfFile } from "./content-of-file.js";
export { type Bound, bounds, defaults, defaultThreads, fixed } from "./defaults.js";
export { nearestName } from "./nearest-name.js";
export type {
  Auth,
  AuthFile,
  AuthProvider,
  ChildOptions,
  ClusterOptions,
  CompressionOptions,
  ConnectionOptions,
  CoordinatorOptions,
  DiscoveryOptions,
  HedgeOptions,
  HostPolicy,
  NodeMatch,
  NodeOption,
  Pem,
  PoolOptions,
  ProvidedAuth,
  ProxyOptions,
  QueueOptions,
  RedisOption,
  RetryOptions,
  SelectionOptions,
  TlsOptions,
} from "./options.js";
export {
  type Machine,
  parseAuth,
  parseChildConfig,
  parseClusterConfig,
  parseCoordinatorConfig,
  parsePoolConfig,
  parseProvidedAuth,
  parseViewPlace,
} from "./parse-config.js";
export { type Place, Problems } from "./problems.js";
export { isHeaderName, isHeaderValue, methodOverrides, reservedHeaders } from "./read-headers.js";
export { readFields, readText, readWholeNumber } from "./read-options.js";
export { parseSecretFile, type SecretConfig } from "./read-secret.js";
export {
  type RedactedAuth,
  type RedactedConfig,
  type RedactedRedis,
  type RedactedSeed,
  type RedactedTls,
  redactConfig,
  redactRedis,
  redactSecrets,
} from "./redact-config.js";
export { type RequestToSign, type SignConfig, type SignHook, shownModule } from "./sign.js";
export { readSignedHeaders, type SignedHeaders } from "./signed-headers.js";
