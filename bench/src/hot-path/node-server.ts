// node hot-path-node-server.js FOLDER PORT: answers POST /{index}/_search with FOLDER/{index}.json. Used where nginx is
// not.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { answers, rootAnswer } from "./servers.js";

const [folder = "", port = ""] = process.argv.slice(2);
const bodies = new Map(answers.map(({ index }) => [`/${index}/_search`, readFileSync(join(folder, `${index}.json`))]));
bodies.set("/", Buffer.from(rootAnswer));

const server = createServer((request, response) => {
  request.resume();
  const body = bodies.get(request.url ?? "");
  response.writeHead(body === undefined ? 404 : 200, {
    "content-type": "application/json",
    "content-length": body?.length ?? 0,
    "x-elastic-product": "Elasticsearch",
  });
  response.end(body);
});
server.keepAliveTimeout = 600_000;
server.listen(Number(port), "127.0.0.1");
