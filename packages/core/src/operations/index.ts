export { operationTimes, spanText } from "./bounds.js";
export { findNode, type OperableNode, operableLabel } from "./find-node.js";
export {
  noOperations,
  type OperationRecord,
  type Operations,
  type OperationsEffect,
  type OperationsEvent,
  operationsReducer,
} from "./operations.js";
