import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { it } from "node:test";
import { fileURLToPath } from "node:url";
import { isFullMatrix } from "./full-matrix.js";

const folder = fileURLToPath(new URL("../../types/", import.meta.url));

/** Each takes some seconds of a processor; the others are for the full matrix. */
const compilations = [
  { typescript: "5.4", resolution: "node16", isFull: false },
  { typescript: "5.9", resolution: "bundler", isFull: false },
  { typescript: "5.4", resolution: "bundler", isFull: true },
  { typescript: "5.9", resolution: "node16", isFull: true },
];

for (const { typescript, resolution, isFull } of compilations) {
  const what = `code of users compiles with TypeScript ${typescript}, strict, with the resolution "${resolution}"`;
  it(`${what}: every client on a pool without a cast`, { skip: isFull && !isFullMatrix }, () => {
    const compiler = `${folder}typescript-${typescript}/node_modules/typescript/bin/tsc`;
    const { status, stdout } = spawnSync(process.execPath, [compiler, "-p", `${folder}${resolution}.json`], {
      encoding: "utf8",
    });
    assert.equal(status, 0, stdout);
  });
}
