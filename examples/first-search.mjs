// A search through a pool. Prints, for instance:
//   127.0.0.1:9200 answered 200 with 2 documents
import { createPool } from "rollcall";

const pool = createPool({ nodes: process.argv.slice(2), logger: false });
const found = await pool.request({ method: "POST", path: "/_search", body: { size: 2 } });
const { hits } = found.throwIfError().json();
console.log(`${found.node} answered ${found.status} with ${hits.hits.length} documents`);
await pool.close();
