import assert from "node:assert/strict";
import { it } from "node:test";
import { redisKeys } from "@rollcall/core/view";
import { waitUntil } from "@rollcall/testing";
import { lead, publication, waitForView, withRedis } from "./support-redis.js";

const keys = redisKeys("logs");

it(
  "a reader of a flooded channel leaves it, reads a newer view all the same, and comes back",
  withRedis({}, async ({ server, connect }) => {
    const leader = await connect();
    const reader = await connect({ mayLead: false, random: () => 0 });
    const lease = await lead(leader);
    await leader.store.publish(lease, publication(lease, 1));
    await waitForView(reader, lease, 1);
    const subscribers = async () => Number((await server.client.pubsub("NUMSUB", keys.events))[1]);
    assert.equal(await subscribers(), 2);

    // Larger than any answer of a Redis, and an end to the connection where it is not skipped.
    await server.client.publish(keys.events, Buffer.alloc(3 * 1024 * 1024, "x"));
    const flood = server.client.pipeline();
    for (let at = 0; at < 6_000; at++) flood.publish(keys.events, '{"kind":"released"}');
    await flood.exec();
    await waitUntil("both have left", async () => (await subscribers()) === 0);
    await leader.store.publish(lease, publication(lease, 2));
    await waitForView(reader, lease, 2);
    await waitUntil("both are back", async () => (await subscribers()) === 2);
    await leader.store.publish(lease, publication(lease, 3));
    await waitForView(reader, lease, 3);
    const lines = reader.logger.messages("warn");
    assert.deepEqual(lines.length, 1, lines.join("\n"));
    assert.match(lines[0] ?? "", /events is flooded/);
  }),
);
