import type { AnyClient } from "./clients.js";

/** The method of a client by its name in the API, such as `indices.putMapping` or `indices.put_mapping`. */
export function clientMethod(
  client: AnyClient,
  api: string,
): (parameters: object, options: object) => Promise<unknown> {
  const parts = api.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()).split(".");
  let owner: unknown = client;
  for (const part of parts.slice(0, -1)) owner = (owner as Record<string, unknown> | undefined)?.[part];
  const found = (owner as Record<string, unknown> | undefined)?.[parts.at(-1) ?? ""];
  if (typeof found !== "function") throw new Error(`the client has no ${api}`);
  return (parameters, options) => found.call(owner, parameters, options) as Promise<unknown>;
}
