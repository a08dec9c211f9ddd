// What a thread needs to open connections: light to load, unlike the whole of the coordinator.
export { type ConnectorOptions, createConnector, type Reached } from "./connector.js";
export { type Endpoint, sameConnection } from "./endpoint.js";
