import type { RedisPasswordConfig } from "./config.js";
import { type Place, type Problems, placeIn } from "./problems.js";
import { readFilePath } from "./read-file-path.js";

type Options = Readonly<Record<string, unknown>>;

/**
 * ioredis' options without what only Rollcall reads in them: `passwordFile`, and a `password` that is a function. A
 * password that stands there as text stays.
 */
export function takeRedisPassword(
  place: Place,
  given: Options,
  problems: Problems,
): { readonly options: Options; readonly password?: RedisPasswordConfig } {
  const { passwordFile, ...others } = given;
  const { password: give, ...options } = others;
  const isFunction = typeof give === "function";
  if (passwordFile === undefined && !isFunction) return { options: { ...given } };
  if (passwordFile !== undefined && give !== undefined) {
    problems.remark(place.path, "has `password` and `passwordFile`; give one");
  }
  if (typeof options.Connector === "function") {
    problems.remark(place.path, "has a `Connector` of its own: with that, `password` must be text");
  }
  if (isFunction) return { options, password: { kind: "function", give: () => Reflect.apply(give, undefined, []) } };
  const path = readFilePath(placeIn(place, "passwordFile", passwordFile), problems);
  return path === undefined ? { options } : { options, password: { kind: "file", path } };
}
