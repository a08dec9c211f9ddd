// The same in CommonJS: compiled, never run.
import es8 = require("es8");
import es9 = require("es9");
import rollcall = require("rollcall");
import adapter = require("rollcall/elasticsearch");

const pool: rollcall.Pool = rollcall.createPool({ nodes: ["http://127.0.0.1:9200"] });

const nine: es9.Client = new es9.Client(adapter.onRollcall(pool));
const eight: es8.Client = new es8.Client(adapter.onRollcall(pool, { requestTimeout: 5_000 }));

// @ts-expect-error: a credential belongs to the pool
new es9.Client(adapter.onRollcall(pool, { auth: { apiKey: "a" } }));

export = { nine, eight };
