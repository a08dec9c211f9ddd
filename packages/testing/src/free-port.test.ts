import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { describe, it } from "node:test";
import { freePort } from "./free-port.js";

describe("freePort", () => {
  it("gives ports that can be listened on, each once", async () => {
    const ports = await Promise.all(Array.from({ length: 20 }, () => freePort("127.0.0.2")));
    assert.equal(new Set(ports).size, 20);
    for (const port of ports) {
      const server = createServer().listen(port, "127.0.0.2");
      await once(server, "listening");
      server.close();
    }
  });
});
