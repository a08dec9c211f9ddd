/** Helpers for programs that use a pool without a client. docs/helpers.md explains them. */
export { bulk } from "./helpers/bulk.js";
export type {
  BulkAction,
  BulkFailure,
  BulkItem,
  BulkOperation,
  BulkOperationOf,
  BulkOptions,
  BulkResult,
  BulkSource,
  HelperPool,
} from "./helpers/bulk-types.js";
export type {
  AnswerOf,
  ClientCalls,
  RequestOf,
  TypedRequests,
  WithDocument,
  WithDocuments,
} from "./helpers/client-types.js";
export type { Hits, HitsPage, PitOptions, ScrollOptions, SearchHit } from "./helpers/hits-types.js";
export { pit } from "./helpers/pit.js";
export { scroll } from "./helpers/scroll.js";
export { type TypedRequestSettings, typedRequests } from "./helpers/typed-requests.js";
