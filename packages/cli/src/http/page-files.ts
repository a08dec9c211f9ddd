import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { extname } from "node:path";

/** The page and what it loads, as they are served. */
export interface PageFiles {
  readonly html: string;
  /** Their path contains a digest of all of them, so that a browser may keep them for ever. */
  readonly assets: readonly PageAsset[];
}

export interface PageAsset {
  /** Relative to the page, such as `assets/0123456789ab/page.css`. */
  readonly path: string;
  readonly contentType: string;
  readonly body: Buffer;
}

const contentTypes: Readonly<Record<string, string>> = {
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml; charset=utf-8",
};

// This file is dist/http/page-files.js: tsc writes the scripts beside it, the rest is part of the package as it is.
const scripts = new URL("page/", import.meta.url);
const written = new URL("../../src/http/page/", import.meta.url);

/** Reads them once; a change on the disk has no effect on a running process. */
export async function readPageFiles(): Promise<PageFiles> {
  const found = [...(await filesOf(scripts, [".js"])), ...(await filesOf(written, [".css", ".svg"]))];
  const digest = createHash("sha256");
  for (const { name, body } of found) digest.update(name).update(body);
  const folder = `assets/${digest.digest("hex").slice(0, 12)}`;
  const html = await readFile(new URL("index.html", written), "utf8");
  return {
    html: html.replaceAll("{assets}", folder),
    assets: found.map(({ name, body }) => ({
      path: `${folder}/${name}`,
      contentType: contentTypes[extname(name)] ?? "application/octet-stream",
      body,
    })),
  };
}

async function filesOf(folder: URL, extensions: readonly string[]): Promise<{ name: string; body: Buffer }[]> {
  const names = (await readdir(folder)).filter((name) => extensions.includes(extname(name))).sort();
  return Promise.all(names.map(async (name) => ({ name, body: await readFile(new URL(name, folder)) })));
}
