import type { Attributes } from "@opentelemetry/api";

/** `network.peer.address` and `network.peer.port` of `host:port`. */
export function peerAttributes(address: string): Attributes {
  const colon = address.lastIndexOf(":");
  const host = withoutBrackets(address.slice(0, colon));
  return { "network.peer.address": host, "network.peer.port": Number(address.slice(colon + 1)) };
}

/** `server.address` of the configured nodes, and `server.port` where all have the same; ports stand in the address else. */
export function serverAttributes(urls: readonly string[]): Attributes {
  const places = urls.map((url) => {
    const { protocol, hostname, port } = new URL(url);
    return { host: hostname, port: port === "" ? (protocol === "https:" ? 443 : 80) : Number(port) };
  });
  const [port, ...others] = new Set(places.map((place) => place.port));
  const isOnePort = port !== undefined && others.length === 0;
  const hosts = places.map((place) => (isOnePort ? withoutBrackets(place.host) : `${place.host}:${place.port}`));
  const address = [...new Set(hosts)].sort().join(",");
  return isOnePort ? { "server.address": address, "server.port": port } : { "server.address": address };
}

/** For the name of a span. */
export function serverNameOf(server: Attributes): string {
  const { "server.address": address, "server.port": port } = server;
  return port === undefined ? String(address) : `${address}:${port}`;
}

function withoutBrackets(host: string): string {
  return host.startsWith("[") ? host.slice(1, -1) : host;
}
