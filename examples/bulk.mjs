// Writes 200 documents to the index "rollcall-example", and sends again what the cluster had no room for. Prints:
//   200 documents written in 1 round
import { setTimeout as rest } from "node:timers/promises";
import { createPool } from "rollcall";

const pool = createPool({ nodes: process.argv.slice(2), logger: false });

let waiting = Array.from({ length: 200 }, (_, at) => ({ id: `document-${at}`, colour: at % 2 === 0 ? "red" : "blue" }));
let rounds = 0;
let written = 0;
while (waiting.length > 0 && rounds < 5) {
  if (rounds > 0) await rest(2 ** rounds * 500);
  rounds++;
  const answer = await pool.request({
    method: "POST",
    path: "/rollcall-example/_bulk",
    ndjson: waiting.flatMap(({ id, ...document }) => [{ index: { _id: id } }, document]),
    // A bulk request is never sent twice by itself. This one may be: each document has an id of its own, and nobody
    // else writes it, so the second time leaves what the first has left.
    class: "repeatable",
  });
  // The request can be well (200) and an item in it refused. 429: no room now. Anything else would fail again too.
  const { items } = answer.throwIfError().json();
  const refused = items.map(({ index }) => index).filter(({ status }) => status === 429);
  const failed = items.map(({ index }) => index).filter(({ status }) => status >= 300 && status !== 429);
  if (failed.length > 0) throw new Error(`${failed.length} documents failed, the first with ${failed[0].status}`);
  written += items.length - refused.length;
  const again = new Set(refused.map(({ _id }) => _id));
  waiting = waiting.filter(({ id }) => again.has(id));
}
console.log(`${written} documents written in ${rounds} round${rounds === 1 ? "" : "s"}`);

await pool.close();
