export { engineAvailability, requireEngines } from "./availability.js";
export type {
  EngineAvailability,
  EngineCluster,
  EngineKind,
  EngineName,
  EngineNode,
  EngineOptions,
} from "./contract.js";
export { engineVersions, type FetchedEngine, type FetchOptions, fetchEngine } from "./fetch-engine.js";
export { startEngine } from "./start-engine.js";
