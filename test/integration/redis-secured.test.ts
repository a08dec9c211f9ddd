import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { before, describe, it } from "node:test";
import { canary, waitUntil } from "@rollcall/testing";
import { type Certificates, makeCertificates } from "@rollcall/testing/certificates";
import { type RedisServer, startSentinel } from "@rollcall/testing/redis";
import {
  joinSlots,
  lead,
  oneNodeCluster,
  publication,
  type Redises,
  rulesOf,
  waitForView,
  withRedis,
} from "./support-redis.js";

const username = "rollcall-coordinator";
const password = "PASSWORD";

/** A store leads, another one follows it, and neither did what its Redis user may not do. */
async function leadsAndFollows({ connect }: Redises, server: RedisServer, redis: Parameters<Redises["connect"]>[0]) {
  const leader = await connect(redis);
  const follower = await connect({ ...redis, mayLead: false });
  const lease = await lead(leader);
  await leader.store.publish(lease, publication(lease, 1));
  await waitForView(follower, lease, 1);
  await waitUntil("messages arrive", () => {
    const arrived = new Promise<void>((resolve) => leader.store.onReport(() => resolve()));
    follower.store.report({ node: "id0@es0:9200", reason: "connection refused", replica: "r1" });
    return Promise.race([arrived.then(() => true), new Promise((resolve) => setTimeout(resolve, 100, false))]);
  });
  assert.deepEqual(await server.client.call("ACL", "LOG"), []);
  assert.deepEqual(
    [leader, follower].flatMap(({ logger }) => logger.messages("warn")),
    [],
  );
}

describe("TLS and Redis users", () => {
  let certificates: Certificates;
  before(async () => {
    certificates = await makeCertificates({ names: ["redis", "stranger"], ips: [] });
  });

  it("a Redis Cluster is reached with TLS, by a name that its certificate is for, as the user of the guide", async () => {
    const [certificate] = certificates.nodes;
    assert.ok(certificate !== undefined);
    const users = { [username]: `${rulesOf(username)} +cluster|slots +cluster|info` };
    const named = ["cluster-announce-hostname localhost", "cluster-preferred-endpoint-type hostname"];
    // No other node is to be verified, but a place for their authorities must be named.
    const withTls = ["tls-cluster yes", `tls-ca-cert-dir ${tmpdir()}`];
    const config = [...(await oneNodeCluster()), ...withTls, ...named];
    await withRedis({ certificate, users, config }, async (redises) => {
      const { server } = redises;
      await joinSlots(server);
      const redisOptions = { username, password, tls: { ca: certificates.ca } };
      const nodes = [{ host: "localhost", port: server.tlsPort }];
      await leadsAndFollows(redises, server, { redis: { kind: "cluster", nodes, options: { redisOptions } } });

      const other = redises.open({
        redis: { kind: "cluster", nodes, options: { redisOptions: { ...redisOptions, tls: {} } } },
      });
      const line = /no node of the Redis Cluster can be used: the authority of its certificate is unknown/;
      await waitUntil("it says why it cannot connect", () =>
        other.logger.messages("warn").some((said) => line.test(said)),
      );
    })();
  });

  it("behind Sentinels, both they and the server are reached with TLS and a password each", async () => {
    const [certificate] = certificates.nodes;
    assert.ok(certificate !== undefined);
    const users = { [username]: rulesOf(username) };
    await withRedis({ certificate, users }, async (redises) => {
      const { server } = redises;
      const sentinelPassword = canary("sentinel-password");
      const { ca } = certificates;
      const primary = { host: server.host, port: server.tlsPort };
      await using sentinel = await startSentinel(primary, { tls: { ca, certificate }, password: sentinelPassword });
      const options = {
        sentinels: [{ host: "localhost", port: sentinel.port }],
        ...{ name: "ours", username, password, sentinelTLS: { ca }, enableTLSForSentinelMode: true },
        tls: { ca, servername: "localhost" },
      };
      const without = redises.open({ redis: { kind: "options", options } });
      const line = /: no Sentinel names a server: it asks for a password \(NOAUTH\); /;
      await waitUntil("it says that the Sentinel wants a password", () =>
        without.logger.messages("warn").some((said) => line.test(said)),
      );
      await leadsAndFollows(redises, server, { redis: { kind: "options", options: { ...options, sentinelPassword } } });
    })();
  });
});
