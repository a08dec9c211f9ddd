// The same in CommonJS: compiled, never run.
import type { Client } from "es9" with { "resolution-mode": "import" };

import rollcall = require("rollcall");
import helpers = require("rollcall/helpers");

const pool: rollcall.Pool = rollcall.createPool({ nodes: ["http://127.0.0.1:9200"] });
const onFailed = ({ position }: helpers.BulkFailure): void => console.error(position);
const loaded: Promise<helpers.BulkResult> = helpers.bulk(pool, "{}", { onFailed });
const took = helpers
  .typedRequests<Client>(pool)
  .search({})
  .then((answer): number => answer.json().took);

export = { loaded, took };
