// What a thread needs to open connections, and its clock: light to load, unlike the whole of the coordinator.

export { systemTimers } from "../system-timers.js";
export { answerHeadersMaxBytes } from "./answer-limits.js";
export { type ConnectorOptions, createConnector, type Reached, type SocketReader } from "./connector.js";
export { type Endpoint, sameConnection } from "./endpoint.js";
export { NameCache } from "./name-cache.js";
export { PlainToTls } from "./plain-to-tls.js";
export { requestToSign } from "./request-to-sign.js";
export { type Signature, Signer } from "./signer.js";
export { UndiciClient } from "./undici-parts.cjs";
