/**
 * The entry point for `require()`. Node loads the ES module itself; these are its types, because TypeScript resolves
 * them apart from a module's for CommonJS.
 */
import type { RollcallError as RollcallErrorClass } from "./index.js" with { "resolution-mode": "import" };

export type * from "./index.js" with { "resolution-mode": "import" };

type Entry = typeof import("./index.js", { with: { "resolution-mode": "import" }});

const entry: Entry = require("./index.js");

export const createPool: Entry["createPool"] = entry.createPool;
export const RollcallError: Entry["RollcallError"] = entry.RollcallError;
export type RollcallError = RollcallErrorClass;
