// Code of a user of the clients with callbacks, as an ES module: compiled, never run.
import { Client as OpenSearch3 } from "@opensearch-project/opensearch";
import * as os2 from "os2";
import { createPool } from "rollcall";
import { onRollcall } from "rollcall/opensearch";

const pool = createPool({ nodes: ["http://127.0.0.1:9200"] });

export const three: OpenSearch3 = new OpenSearch3(onRollcall(pool, { compression: "gzip" }));
export const two: os2.Client = new os2.Client(onRollcall(pool, { suggestCompression: true }, os2));

// @ts-expect-error: TLS belongs to the pool
new OpenSearch3(onRollcall(pool, { ssl: {} }));
// @ts-expect-error: no client's package
new os2.Client(onRollcall(pool, {}, { Client: os2.Client }));
