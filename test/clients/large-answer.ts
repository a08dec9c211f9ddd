// Started by alone.test.ts: one call whose answer is larger than its `maxResponseSize`. Prints the name of its error.
import { createPool } from "rollcall";
import { testedClients } from "./clients.js";

const [url = "", name, way] = process.argv.slice(2);
const tested = testedClients.find((one) => one.name === name);
if (tested === undefined) throw new Error(`no client ${name}`);
const pool = way === "pool" ? createPool({ nodes: [url], discovery: false, threads: 0, logger: false }) : undefined;
const client = new (tested.load().Client)(pool === undefined ? { node: url } : tested.onPool(pool));
const request = { method: "GET", path: "/fault-sized/_search" };
const options = { maxResponseSize: 10, maxRetries: 0 };
await client.transport.request(request, options).catch(({ name }: Error) => console.log(name));
await client.close();
await pool?.close();
