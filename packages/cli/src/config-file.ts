import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { errorCodeOf, present, RollcallError } from "@rollcall/core";
import { contentOfFile } from "@rollcall/core/config";
import { regularFile } from "./flag-files.js";
import { rereadableAuthority, rereadablePair } from "./rereadable-pem.js";

export type OptionFields = Readonly<Record<string, unknown>>;

/**
 * The options in the file of `--config`: JSON, with the names of the options of `createPool`, unchecked. Instead of a
 * secret or a certificate it may name a file that has it: `passwordFile` for `password`. Those files are read here. A name
 * without a slash at its beginning is taken from the folder of the configuration; so are the
 * module of `sign` and the file of `secretFile`, which are not read here.
 *
 * @throws {RollcallError} `CONFIG` if it cannot be read, is not a JSON object, or names files that cannot be read, with
 *   one problem a line. No part of the file is in it.
 */
export async function readConfigFile(name: string): Promise<OptionFields> {
  const options = parsed(name, await textOf(name));
  const problems: string[] = [];
  const folder = dirname(name);
  const read = await withFiles(options, "", { folder, name, problems });
  if (problems.length > 0) throw new RollcallError("CONFIG", problems.join("\n"));
  const paths = (["sign", "secretFile"] as const).flatMap((option) => {
    const path = read[option];
    return typeof path === "string" ? [[option, pathIn(folder, path)] as const] : [];
  });
  return { ...read, ...Object.fromEntries(paths) };
}

/** A URL stays as it is. */
function pathIn(folder: string, path: string): string {
  return URL.canParse(path) ? path : resolve(folder, path);
}

/** What may stand in a file of its own. The others are few and short, or no secrets. */
const inFiles = ["password", "apiKey", "bearer", "ca", "cert", "key", "redis"];

/** Those that the pool or coordinator reads again by itself when they change. */
const rereadable = /^(?:nodes\[\d+\]\.)?auth\.(?:password|apiKey|bearer)File$/;

interface Place {
  /** Of the configuration. */
  readonly folder: string;
  readonly name: string;
  readonly problems: string[];
}

async function textOf(name: string): Promise<string> {
  try {
    return await readFile(name, "utf8");
  } catch (error) {
    throw new RollcallError("CONFIG", `--config: ${unreadable(name, error)}`);
  }
}

function parsed(name: string, text: string): OptionFields {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new RollcallError("CONFIG", `${name}: is not JSON${whereIn(text, error)}`);
  }
  if (!isFields(value)) throw new RollcallError("CONFIG", `${name}: is not an object of options`);
  return value;
}

/** The parser's message may repeat a part of the text, so only the place in it is used. */
function whereIn(text: string, error: unknown): string {
  const at = /at position (\d+)/.exec(error instanceof Error ? error.message : "")?.[1];
  if (at === undefined) return "";
  const lines = text.slice(0, Number(at)).split("\n");
  return `, at line ${lines.length}, column ${(lines.at(-1)?.length ?? 0) + 1}`;
}

/** A copy in which the content of each file stands where its name stood. */
async function withFiles(fields: OptionFields, path: string, place: Place): Promise<OptionFields> {
  const read: [string, unknown][] = [];
  for (const [name, value] of Object.entries(fields)) {
    const option = inFiles.find((known) => name === `${known}File`);
    const where = path === "" ? name : `${path}.${name}`;
    if (option === undefined) read.push([name, await within(value, where, place)]);
    else if (fields[option] !== undefined) {
      place.problems.push(`${place.name}: ${where} and ${where.slice(0, -"File".length)} are both given; give one`);
    } else {
      const content = await contentOf(option, value, where, place);
      const file = rereadable.test(where) ? await regularFile(resolve(place.folder, String(value))) : undefined;
      read.push(file === undefined ? [option, content] : [name, file]);
    }
  }
  return Object.fromEntries(read);
}

/** The files of certificates stay files, so that the coordinator reads them again when they are renewed. */
async function withRenewals(read: OptionFields, named: OptionFields, { folder }: Place): Promise<OptionFields> {
  const fileOf = (option: string) => {
    const name = named[`${option}File`];
    return typeof name === "string" ? resolve(folder, name) : undefined;
  };
  const contentOf = (option: string) => {
    const content = read[option];
    return typeof content === "string" ? Buffer.from(content) : undefined;
  };
  const caFile = await rereadableAuthority(fileOf("ca"), contentOf("ca"));
  const names = { cert: fileOf("cert"), key: fileOf("key") };
  const pair = await rereadablePair(names, contentOf("cert"), contentOf("key"));
  const { ca, cert, key, ...others } = read;
  return {
    ...others,
    ...(caFile === undefined ? present({ ca }) : { caFile }),
    ...(pair ?? present({ cert, key })),
  };
}

/** Only the parts of a configuration that can hold a secret are looked into: ioredis' options are the caller's. */
async function within(value: unknown, path: string, place: Place): Promise<unknown> {
  if (/^nodes$/.test(path) && Array.isArray(value)) {
    return Promise.all(value.map((item: unknown, at) => within(item, `nodes[${at}]`, place)));
  }
  if (path === "tls" && isFields(value)) return withRenewals(await withFiles(value, path, place), value, place);
  return isFields(value) && /^(?:nodes\[\d+\]\.|proxy\.)?(?:auth|tls)$|^nodes\[\d+\]$|^proxy$/.test(path)
    ? withFiles(value, path, place)
    : value;
}

async function contentOf(option: string, name: unknown, path: string, place: Place): Promise<unknown> {
  if (typeof name !== "string") {
    place.problems.push(`${place.name}: ${path}: must be the name of a file`);
    return undefined;
  }
  const file = resolve(place.folder, name);
  try {
    const text = contentOfFile(await readFile(file, "utf8"));
    return option === "redis" && text.trimStart().startsWith("{") ? JSON.parse(text) : text;
  } catch (error) {
    const isJson = error instanceof SyntaxError;
    place.problems.push(
      `${place.name}: ${path}: ${isJson ? `${JSON.stringify(file)} begins with a brace but is not JSON` : unreadable(file, error)}`,
    );
    return undefined;
  }
}

function unreadable(name: string, error: unknown): string {
  return `cannot read the file ${JSON.stringify(name)}: ${errorCodeOf(error) ?? "unknown failure"}`;
}

/** Whether it may have options of its own. */
export function isFields(value: unknown): value is OptionFields {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}
