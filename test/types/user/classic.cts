// The clients with callbacks in CommonJS: compiled, never run.
import elasticsearch7 = require("@elastic/elasticsearch");
import opensearch = require("@opensearch-project/opensearch");
import os2 = require("os2");

import { createPool, RollcallError } from "rollcall";

import on7 = require("rollcall/elasticsearch7");

import { onRollcall } from "rollcall/opensearch";

const pool = createPool({ nodes: ["http://127.0.0.1:9200"] });

const seven: elasticsearch7.Client = new elasticsearch7.Client(on7.onRollcall(pool, { maxRetries: 2 }));
const three: opensearch.Client = new opensearch.Client(onRollcall(pool));
const two: os2.Client = new os2.Client(onRollcall(pool, {}, os2));
const isOurs = (error: Error): boolean => error.cause instanceof RollcallError && error.cause.sent === "no";

// @ts-expect-error: the pool finds the nodes
new elasticsearch7.Client(on7.onRollcall(pool, { sniffOnStart: true }));

export = { seven, three, two, isOurs };
