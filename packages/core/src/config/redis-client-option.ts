import { isObject } from "./read-options.js";

type Fields = Readonly<Record<string, unknown>>;

/** What of a client of ioredis is looked at; the same in its versions 4 to 6. */
interface RedisClient extends Fields {
  readonly options: Fields;
  /** Of a Redis Cluster. */
  readonly startupNodes?: unknown;
}

/** By its form and not by its class, because applications may have another version of ioredis. */
export function isRedisClient(value: unknown): value is RedisClient {
  return (
    isObject(value) &&
    typeof value.duplicate === "function" &&
    typeof value.status === "string" &&
    isObject(value.options)
  );
}

/**
 * The option `redis` that makes connections like those of this client. Only its options are read, now; of its password
 * also later, since applications renew it there. The client itself is neither used nor closed.
 */
export function optionOfClient(client: RedisClient): Fields {
  const { options, startupNodes } = client;
  if (client.isCluster !== true) return given(options, () => client.options.password);
  const { redisOptions, ...others } = options;
  const passwordNow = () => (isObject(client.options.redisOptions) ? client.options.redisOptions.password : undefined);
  return {
    cluster: Array.isArray(startupNodes) ? startupNodes.map(addressOf) : startupNodes,
    options: {
      ...given(others),
      ...(isObject(redisOptions) ? { redisOptions: given(redisOptions, passwordNow) } : {}),
    },
  };
}

/** What the client was given: for what it was not given, ioredis holds `null`. Its own commands stay its own. */
function given({ scripts: _, himportFieldsets: __, ...options }: Fields, passwordNow?: () => unknown): Fields {
  const found = Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== null && value !== undefined),
  );
  const isRenewable = typeof found.password === "string" && found.Connector === undefined;
  return isRenewable && passwordNow !== undefined ? { ...found, password: passwordNow } : found;
}

/** A startup node may be a port alone, and need not name both. */
function addressOf(node: unknown): unknown {
  if (typeof node === "number") return { host: "127.0.0.1", port: node };
  if (!isObject(node)) return node;
  const { host = "127.0.0.1", port = 6_379, ...others } = node;
  return { ...others, host, port: Number(port) };
}
