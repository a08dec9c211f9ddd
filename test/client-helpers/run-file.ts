import { createRequire } from "node:module";
import { dirname } from "node:path";
import { testedClients } from "../clients/clients.js";
import { packageOnPool, whenAnswered } from "./client-on-pool.js";
import { MockNodes } from "./mock-nodes.js";
import { hookModules } from "./module-hooks.js";
import { separateTimers } from "./product-timers.js";

/** node run-file.js CLIENT PACKAGE REPOSITORY PACKAGES FILE: runs one file of tests, with its output in TAP. */
const [, , name, client = "", repository = "", packages = "", file = ""] = process.argv;
const tested = testedClients.find((one) => one.name === name);
if (tested === undefined) throw new Error(`there is no client ${name}`);
const require = createRequire(import.meta.url);
separateTimers();
const nodes = new MockNodes();
await nodes.listen();
const installed = dirname(require.resolve(client));
hookModules({ repository, installed, packages, onPool: packageOnPool(tested, nodes), whenAnswered });
require(file);
