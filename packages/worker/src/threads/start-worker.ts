import { join } from "node:path";
// Without "node:": by this name alone webpack recognises a worker of Node, and puts its module into a file of its own.
// biome-ignore lint/style/useNodejsImportProtocol: see above
import { Worker } from "worker_threads";
import type { ThreadData } from "./setup.js";

/** The module that a worker thread runs, and the one place that says where it is. */
const moduleName = "rollcall-thread.js";

/**
 * Starts a worker thread.
 *
 * Its module is `entry`; else the file of that name beside this one. In a bundle that is the file beside the bundle,
 * unless the bundler follows `new URL`: no application has a file of that name by chance.
 *
 * @throws what Node throws where it starts no thread, as under its permission model
 */
export function startWorker(data: ThreadData, entry: string | undefined): Worker {
  const { lane, views, control } = data.ports;
  const options = { workerData: data, transferList: [lane, views, control], name: "rollcall" };
  if (entry !== undefined) return new Worker(entry.startsWith("file:") ? new URL(entry) : entry, options);
  if (isProgramGivenAsText()) {
    const here = import.meta.url;
    const module = new URL(moduleName, here).href;
    return new Worker(`import(${JSON.stringify(module)})`, { ...options, eval: true });
  }
  // In a bundle of CommonJS.
  if (import.meta.url === undefined) return new Worker(join(__dirname, moduleName), options);
  return new Worker(new URL("./rollcall-thread.js", import.meta.url), options);
}

/** Then Node starts a thread with text alone, because the thread has the same flags. */
function isProgramGivenAsText(): boolean {
  return process.execArgv.some((argument) => argument.startsWith("--input-type"));
}

/** Whether the text, such as an error's, is about that module. */
export function namesThreadModule(text: string): boolean {
  return text.includes(moduleName);
}
