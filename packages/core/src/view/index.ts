export { addressOf, type NodeRecord, nodeKey } from "./node-record.js";
export { compareVersions, type Version } from "./version.js";
export type { Head, Mark, MarkKind, Marks, Topology, View } from "./view.js";
