import assert from "node:assert/strict";
import { it } from "node:test";
import { mockPool } from "rollcall/testing";
import { testedClients } from "./clients.js";

for (const tested of testedClients) {
  it(`${tested.name} on a mock pool gets declared answers and errors, and what it sends is recorded`, async () => {
    await using pool = mockPool();
    pool.answer("POST /:index/_doc", { status: 201, body: { result: "created" } });
    pool.answer("GET /:index/_search", [{ body: { hits: { hits: [] } } }, { error: "DISCONNECTED" }]);
    const { Client, errors } = tested.load();
    const client = new Client(tested.onPool(pool));
    const write = { method: "POST", path: "/logs/_doc", body: { n: 1 } };
    await client.transport.request(write);
    assert.deepEqual(pool.requests.at(-1)?.json(), { n: 1 });
    const read = { method: "GET", path: "/logs/_search" };
    await client.transport.request(read);
    await assert.rejects(client.transport.request(read), errors.ConnectionError ?? assert.fail());
    assert.equal(pool.requests.filter(({ path }) => path === "/logs/_search").length, 2);
    await assert.rejects(client.transport.request({ method: "DELETE", path: "/logs" }), /no answer for DELETE \/logs/);
    assert.deepEqual(pool.unused(), []);
  });
}
