// The same in CommonJS: compiled, never run.
import rollcall = require("rollcall");
import tracing = require("rollcall/opentelemetry");

const options: tracing.InstrumentOptions = { name: "orders", spans: false };
const end: () => void = tracing.instrument(rollcall.createPool({ nodes: ["http://127.0.0.1:9200"] }), options);

export = { end };
