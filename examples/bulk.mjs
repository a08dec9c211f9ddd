// Writes 200 documents to the index "rollcall-example", and sends the items again that the cluster refused with 429.
// Prints:
//   200 documents written in 1 round
import { setTimeout as delay } from "node:timers/promises";
import { createPool } from "rollcall";

const pool = createPool({ nodes: process.argv.slice(2), logger: false });

let pending = Array.from({ length: 200 }, (_, at) => ({ id: `document-${at}`, colour: at % 2 === 0 ? "red" : "blue" }));
let rounds = 0;
let written = 0;
while (pending.length > 0 && rounds < 5) {
  if (rounds > 0) await delay(2 ** rounds * 500);
  rounds++;
  const answer = await pool.request({
    method: "POST",
    path: "/rollcall-example/_bulk",
    ndjson: pending.flatMap(({ id, ...document }) => [{ index: { _id: id } }, document]),
    // By default a bulk request is never sent twice. This one may be: each document has its own id and this program is
    // its only writer, so a second write leaves the same document as the first.
    class: "repeatable",
  });
  // The request can succeed (200) while items in it fail. 429 means "too busy now"; other failures would repeat.
  const { items } = answer.throwIfError().json();
  const refused = items.map(({ index }) => index).filter(({ status }) => status === 429);
  const failed = items.map(({ index }) => index).filter(({ status }) => status >= 300 && status !== 429);
  if (failed.length > 0) throw new Error(`${failed.length} documents failed, the first with ${failed[0].status}`);
  written += items.length - refused.length;
  const again = new Set(refused.map(({ _id }) => _id));
  pending = pending.filter(({ id }) => again.has(id));
}
console.log(`${written} documents written in ${rounds} round${rounds === 1 ? "" : "s"}`);

await pool.close();
