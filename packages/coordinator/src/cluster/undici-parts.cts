import type undici from "undici" with { "resolution-mode": "require" };

// The parts of undici that the product uses, each from its own file. undici's entry point loads five times as many
// modules, in every process and in every thread, and changes what the application's own `fetch` sends with. CommonJS on
// purpose: Node loads CommonJS from CommonJS faster than from a module. docs/decisions/0027-parts-of-undici.md states the
// cost.

/** One connection. It has `dispatch`, and none of undici's other ways to send. */
const UndiciClient: typeof undici.Client = require("undici/lib/dispatcher/client.js");

const buildUndiciConnector: typeof undici.buildConnector = require("undici/lib/core/connect.js");

export = { UndiciClient, buildUndiciConnector };
