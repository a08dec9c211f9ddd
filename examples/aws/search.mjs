// Searches in Amazon OpenSearch Service with signed requests, by the pool and by the official client on it. The argument
// is the domain's endpoint; AWS_REGION is set, and AWS_SERVICE as sign.mjs says. Prints, for instance:
//   the pool found 3 documents
//   the client found 3 documents
import { Client } from "@opensearch-project/opensearch";
import { createPool } from "rollcall";
import { onRollcall } from "rollcall/opensearch";

const pool = createPool({
  nodes: process.argv.slice(2),
  sign: new URL("./sign.mjs", import.meta.url),
  logger: false,
});

const search = { method: "POST", path: "/logs-*/_search", query: { size: 3 }, body: { query: { match_all: {} } } };
const { hits } = (await pool.request(search)).throwIfError().json();
console.log(`the pool found ${hits.hits.length} documents`);

const client = new Client(onRollcall(pool));
const { body } = await client.search({ index: "logs-*", size: 3 });
console.log(`the client found ${body.hits.hits.length} documents`);

await pool.close();
