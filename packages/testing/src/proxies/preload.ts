import { Socket } from "node:net";

/**
 * Loaded before a process's own program, and in each of its threads. Redirects connections to certain addresses to the
 * ports of TCP proxies; everything else about the connections is real.
 */

const ports = new Map(Object.entries(JSON.parse(process.env.ROLLCALL_TEST_PROXIES ?? "{}") as Record<string, number>));
const { connect } = Socket.prototype;

function redirected(options: unknown): unknown {
  if (typeof options !== "object" || options === null || !("port" in options)) return options;
  const host = "host" in options ? options.host : "localhost";
  const port = ports.get(`${host}:${options.port}`);
  return port === undefined ? options : { ...options, host: "127.0.0.1", port };
}

Socket.prototype.connect = function (this: Socket, ...args: unknown[]): Socket {
  const [first] = args;
  // `net.connect` hands on its own, marked list of arguments: the list stays, its first entry is redirected.
  if (Array.isArray(first)) first[0] = redirected(first[0]);
  else args[0] = redirected(first);
  return Reflect.apply(connect, this, args) as Socket;
} as typeof Socket.prototype.connect;
