// node scripts/missing-paths.mjs FOLDER [FOLDER…]: which requests of the engines' REST specifications the table of facts
// (packages/core/src/request/testdata/rest-paths.txt) does not hold. Exit code 1 if there are any.
//
// A folder is a part of a checkout, read with all that is below it:
//   elasticsearch-specification         specification        (also its branches, such as 8.19)
//   elasticsearch, or the artifact org.elasticsearch:rest-api-spec unpacked: rest-api-spec/api
//   opensearch-api-specification        spec
//   OpenSearch                          rest-api-spec/src/main/resources/rest-api-spec/api
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { parse } from "yaml";

const factsFile = new URL("../packages/core/src/request/testdata/rest-paths.txt", import.meta.url);

/** The requests in the text of one file, by the end of its name. A file that specifies none has none. */
const readers = {
  /** `{ "search": { "url": { "paths": [{ "path": "/_search", "methods": ["GET"] }] } } }` */
  json: (text) =>
    Object.values(JSON.parse(text)).flatMap((api) =>
      (api?.url?.paths ?? []).flatMap(({ path, methods }) => methods.map((method) => ({ method, path }))),
    ),
  /** `urls: [{ path: '/_search' methods: ['GET'] }]` */
  ts: (text) =>
    [...text.matchAll(/^ *path: '([^']+)'\s+methods: \[([^\]]+)\]/gm)].flatMap(([, path, methods]) =>
      [...methods.matchAll(/\w+/g)].map(([method]) => ({ method, path })),
    ),
  /** OpenAPI; and of the operations that were superseded, the old name and the new one. */
  yaml: (text) => {
    const document = parse(text);
    const described = Object.entries(document.paths ?? {}).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => ({ method: method.toUpperCase(), path })),
    );
    const superseded = Object.entries(document).flatMap(([path, entry]) =>
      entry?.superseded_by === undefined
        ? []
        : entry.operations.flatMap((method) => [path, entry.superseded_by].map((name) => ({ method, path: name }))),
    );
    return [...described, ...superseded];
  },
};

const folders = process.argv.slice(2);
if (folders.length === 0) {
  console.error("name a folder with a specification: node scripts/missing-paths.mjs FOLDER [FOLDER…]");
  process.exit(2);
}

const known = new Set(
  readFileSync(factsFile, "utf8")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => line.split(/\s+/))
    .map(([method, path]) => keyOf(method, path)),
);
let missing = 0;
for (const folder of folders) {
  const requests = requestsBelow(folder);
  const lacking = [...requests].filter(([key]) => !known.has(key)).sort(([a], [b]) => (a < b ? -1 : 1));
  console.log(`# ${folder}: ${requests.size} requests, ${lacking.length} of them missing`);
  for (const [, { method, path, file }] of lacking) console.log(`${method.padEnd(6)} ${path}  # ${file}`);
  missing += lacking.length;
}
process.exit(missing === 0 ? 0 : 1);

/** By {@link keyOf}. */
function requestsBelow(folder) {
  const requests = new Map();
  for (const file of readdirSync(folder, { recursive: true })) {
    const read = readers[/\.(json|ts|yaml)$/.exec(file)?.[1]];
    if (read === undefined || /node_modules/.test(file)) continue;
    for (const { method, path } of read(readFileSync(join(folder, file), "utf8"))) {
      requests.set(keyOf(method, path), { method, path, file: relative(".", join(folder, file)) });
    }
  }
  return requests;
}

/** What identifies a request: whatever its placeholders are called, and whether its path ends in a slash or not. */
function keyOf(method, path) {
  return `${path.replace(/\{[^}]*\}/g, "{}").replace(/(?<=.)\/$/, "")} ${method}`;
}
