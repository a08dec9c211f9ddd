export { engineAvailability, requireEngines } from "./availability.js";
export type {
  EngineAvailability,
  EngineCluster,
  EngineKind,
  EngineName,
  EngineNode,
  EngineOptions,
  EngineUser,
  SecuredCluster,
  SecuredEngineName,
  SecuredEngineOptions,
  SecuredNode,
} from "./contract.js";
export { engineVersions } from "./fetch-engine.js";
export { type ApiKey, createApiKey, createServiceToken, invalidateApiKey } from "./security/create-secrets.js";
export { enginesOf, type MatrixEngine, newestRunnable } from "./selection.js";
export { startEngine, startSecuredEngine } from "./start-engine.js";
