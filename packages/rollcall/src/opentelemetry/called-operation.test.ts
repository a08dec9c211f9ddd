import assert from "node:assert/strict";
import { it } from "node:test";
import { calledOperation } from "./called-operation.js";

const calls = `
GET / info
HEAD / ping
POST /orders/_search search orders
POST /_search?q=secret search
GET /orders/_doc/4711 get orders
HEAD /orders/_doc/4711 exists orders
PUT /orders/_doc/4711 index orders
DELETE /orders/_doc/_search delete orders
POST /orders/_create/4711 create orders
POST /_bulk bulk
PUT /orders indices.create orders
POST /orders,invoices/_count count orders,invoices
POST /caf%C3%A9/_search search café
POST /logs-*/_search search
POST /_all/_search search
POST /a,-b/_search search
GET /%3Clogs-%7Bnow%2Fd%7D%3E/_search search
GET /broken%/_search search
DELETE /_search/scroll clear_scroll
GET /_cat/indices/orders cat.indices
GET /_cat/secrets cat.help
GET /_cluster/health cluster.health
GET /_cluster/unheard cluster
GET /_ml/anomaly_detectors/secret ml
DELETE /orders/_alias/current indices.delete_alias orders
POST /_ingest/pipeline/_simulate ingest.simulate
GET /orders/type/4711 - orders
GET /_constructor/secret -
GET /_4711 -
`;

it("a request is named as the engines' specifications name it, by neither an id nor a pattern", () => {
  for (const line of calls.trim().split("\n")) {
    const [method = "", path = "", name, collection] = line.split(" ");
    const expected = { name: name === "-" ? undefined : name, collection };
    assert.deepEqual(calledOperation(method, path), expected, line);
  }
});
