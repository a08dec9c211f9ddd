import type undici from "undici";
import requestOf from "undici/lib/api/api-request.js";
import connectorOf from "undici/lib/core/connect.js";
import ClientOf from "undici/lib/dispatcher/client.js";

// The parts of undici that the product uses, each from its own file. undici's entry point loads five times as many
// modules, in every process and in every thread, and changes what the application's own `fetch` sends with.
// docs/decisions/0027-parts-of-undici.md states the cost.

/** One connection. Its own `request` is absent: use {@link requestOver}. */
export const UndiciClient: typeof undici.Client = ClientOf;

export const buildUndiciConnector: typeof undici.buildConnector = connectorOf;

/** undici's `client.request(options)`. */
export function requestOver(
  client: undici.Client,
  options: undici.Dispatcher.RequestOptions,
): Promise<undici.Dispatcher.ResponseData> {
  return requestOf.call(client, options);
}
