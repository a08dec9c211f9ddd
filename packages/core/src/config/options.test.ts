import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { it } from "node:test";
import { bounds, defaults } from "./defaults.js";

/** The comment of an option in the source, as one line, by interface and name. */
function commentOf(owner: string, name: string): string {
  const source = readFileSync(new URL("../../src/config/options.ts", import.meta.url), "utf8");
  const [, body = ""] = new RegExp(`^export interface ${owner}\\b[^{]*\\{([\\s\\S]*?)^\\}`, "m").exec(source) ?? [];
  const [, comment = ""] = new RegExp(`/\\*\\*((?:(?!\\*/)[\\s\\S])*)\\*/\\s*readonly ${name}\\b`).exec(body) ?? [];
  return comment.replace(/\s*\n\s*\*\s*/g, " ").trim();
}

const shown = (number: number) => number.toLocaleString("en-US");

const numbers = [
  ["PoolOptions", "timeoutMs", defaults.timeoutMs, bounds.timeoutMs],
  ["PoolOptions", "maxResponseBytes", defaults.maxResponseBytes, bounds.maxResponseBytes],
  ["PoolOptions", "maxBufferedResponseBytes", defaults.maxBufferedResponseBytes, bounds.maxBufferedResponseBytes],
  ["PoolOptions", "threads", defaults.threads, bounds.threads],
  ["ConnectionOptions", "perNode", defaults.connections.perNode, bounds.connections.perNode],
  ["ConnectionOptions", "opening", defaults.connections.opening, bounds.connections.opening],
  ["ConnectionOptions", "idleMs", defaults.connections.idleMs, bounds.connections.idleMs],
  ["ConnectionOptions", "maxAgeMs", defaults.connections.maxAgeMs, bounds.connections.maxAgeMs],
  ["QueueOptions", "perThread", defaults.queue.perThread, bounds.queue.perThread],
  ["RetryOptions", "max", defaults.retry.max, bounds.retry.max],
  ["CompressionOptions", "aboveBytes", defaults.compression.aboveBytes, bounds.compression.aboveBytes],
  ["DiscoveryOptions", "intervalMs", defaults.discovery.intervalMs, bounds.discovery.intervalMs],
] as const;

it("the comment of every number names its default, its range and its unit as the code has them", () => {
  for (const [owner, name, initial, { min, max }] of numbers) {
    const comment = commentOf(owner, name);
    assert.match(comment, new RegExp(`Default: ${shown(initial)}[.,]`), `${owner}.${name}: ${comment}`);
    assert.ok(comment.includes(`Range: ${shown(min)} to ${shown(max)}`), `${owner}.${name}: ${comment}`);
    if (name.endsWith("Ms")) assert.match(comment, /in milliseconds/, `${owner}.${name}: ${comment}`);
  }
  assert.ok(commentOf("PoolOptions", "coordinator").includes(`Default: "${defaults.coordinator}".`));
});

it("the comment of every list names how many entries it may have", () => {
  const lists = [
    ["ClusterOptions", "nodes", bounds.nodes],
    ["ClusterOptions", "headers", bounds.headers],
    ["DiscoveryOptions", "addressMap", bounds.discovery.addressMap],
    ["HostPolicy", "hosts", bounds.discovery.allow],
    ["HostPolicy", "ports", bounds.discovery.allow],
    ["TlsOptions", "ca", bounds.authorities],
  ] as const;
  for (const [owner, name, { max }] of lists) {
    const comment = commentOf(owner, name);
    assert.match(comment, new RegExp(`(?:1 to|at most|At most) ${shown(max)}\\b`), `${owner}.${name}: ${comment}`);
  }
});
