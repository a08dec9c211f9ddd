// node examples/bulk-from-file.mjs FILE NODE…: writes each line of a file of JSON documents, such as
// {"id":"7","text":"a book"}, to the index "rollcall-example". What failed is left in FILE.failed, ready to be sent again.
// Prints:
//   1000 documents so far
//   1000 documents written, 0 failed, in 1 s
import { createReadStream } from "node:fs";
import { appendFile } from "node:fs/promises";
import { createPool } from "rollcall";
import { bulk } from "rollcall/helpers";

const [file, ...nodes] = process.argv.slice(2);
const pool = createPool({ nodes, logger: false });

let shown = 0;
const { succeeded, failed, durationMs } = await bulk(pool, createReadStream(file), {
  index: "rollcall-example",
  // Its own id makes a document's operation safe to send twice: a request whose connection breaks is then sent again.
  operation: (line) => ({ index: { _id: JSON.parse(line).id } }),
  onFailed: async ({ position, error, mayBeApplied, ndjson }) => {
    console.error(`line ${position + 1}: ${error.message}${mayBeApplied ? ", may be written" : ""}`);
    await appendFile(`${file}.failed`, ndjson);
  },
  onProgress: ({ succeeded }) => {
    if (succeeded < shown + 1_000) return;
    shown = succeeded - (succeeded % 1_000);
    console.log(`${shown} documents so far`);
  },
});
console.log(`${succeeded} documents written, ${failed} failed, in ${Math.ceil(durationMs / 1_000)} s`);

await pool.close();
