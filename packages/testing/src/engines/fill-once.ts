import { access, mkdir, mkdtemp, readFile, rename, rm, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isRunning } from "../child-processes.js";
import { requireEngines } from "./availability.js";

/**
 * Fills `folder` by `fill`, unless it is there. What is in place is whole: it is filled under another name and then renamed.
 * Processes that want it at the same time wait for one of them.
 */
export async function fillOnce(folder: string, fill: (emptyFolder: string) => Promise<void>): Promise<void> {
  if (await exists(folder)) return;
  await requireEngines();
  const parent = join(folder, "..");
  await mkdir(parent, { recursive: true });
  const release = await lock(`${folder}.lock`);
  try {
    if (await exists(folder)) return;
    const work = await mkdtemp(join(parent, "fetching-"));
    try {
      await mkdir(join(work, "filled"));
      await fill(join(work, "filled"));
      await rename(join(work, "filled"), folder);
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  } finally {
    await release();
  }
}

/** Saves work, no more: should two processes get in, the rename still leaves one whole folder. */
async function lock(file: string): Promise<() => Promise<void>> {
  for (;;) {
    try {
      await writeFile(file, `${process.pid}`, { flag: "wx" });
      return () => unlink(file).catch(() => {});
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    const holder = Number(await readFile(file, "utf8").catch(() => ""));
    if (holder > 0 && !isRunning(holder)) await unlink(file).catch(() => {});
    await sleep(200);
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
