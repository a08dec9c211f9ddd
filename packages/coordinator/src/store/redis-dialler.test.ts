import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from "node:net";
import { after, before, describe, it } from "node:test";
import { createServer, type TLSSocket } from "node:tls";
import { waitUntil } from "@rollcall/testing";
import { issue, type KeyPair, makeAuthority } from "../cluster/certificates.test.support.js";
import { NameCache } from "../cluster/name-cache.js";
import { systemTimers } from "../system-timers.js";
import { OpeningStream } from "./opening-stream.js";
import { RedisDialler } from "./redis-dialler.js";

const servers: Server[] = [];
const sockets: Socket[] = [];
after(() => {
  for (const socket of sockets) socket.destroy();
  for (const server of servers) server.close();
});

async function listen<T extends Server>(server: T, host = "127.0.0.1", port = 0): Promise<number> {
  servers.push(server);
  server.on("connection", (socket) => sockets.push(socket.on("error", () => {})));
  server.listen(port, host);
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

function diallerTo(...addresses: string[]) {
  const lookups = { areAway: false, answers: 0 };
  const names = new NameCache(systemTimers, (_host, done) => {
    if (lookups.areAway) return;
    lookups.answers++;
    setImmediate(
      done,
      null,
      addresses.map((address) => ({ address, family: 4 })),
    );
  });
  return { lookups, dialler: new RedisDialler(names, systemTimers) };
}

const never = () => new AbortController().signal;
const keep = (socket: Socket) => sockets.push(socket) > 0 && socket;

describe("dialling a Redis by its name", () => {
  let authority: KeyPair;
  let pair: KeyPair;
  before(async () => {
    authority = await makeAuthority("redis CA");
    pair = await issue(authority, ["DNS:redis.test"]);
  });

  it("the name without its final dot is sent as SNI and expected in the certificate, at whatever address", async () => {
    const served: (string | false | null)[] = [];
    const server = createServer(pair, (socket: TLSSocket) => served.push(socket.servername));
    const port = await listen(server.on("tlsClientError", () => {}));
    const { dialler } = diallerTo("127.0.0.1");
    const tls = { ca: authority.cert };
    keep(await dialler.dial({ host: "Redis.test.", port, tls }, never()));
    await assert.rejects(dialler.dial({ host: "other.test", port, tls }, never()), {
      code: "ERR_TLS_CERT_ALTNAME_INVALID",
    });
    keep(await dialler.dial({ host: "other.test", port, tls: { ...tls, servername: "redis.test" } }, never()));
    await waitUntil("all handshakes were seen", () => served.length >= 2);
    assert.deepEqual(new Set(served), new Set(["redis.test"]));
  });

  it("a handshake that is slow at one address ends well although another address was tried meanwhile", async () => {
    const begun: Socket[] = [];
    const silent = createTcpServer(() => {
      for (const socket of begun) server.emit("connection", socket);
    });
    const server = createServer(pair);
    const slow = createTcpServer((socket) => begun.push(socket));
    const port = await listen(slow);
    await listen(silent, "127.0.0.2", port);
    const { dialler } = diallerTo("127.0.0.1", "127.0.0.2");
    const socket = await dialler.dial({ host: "redis.test", port, tls: { ca: authority.cert } }, never());
    keep(socket);
    assert.equal(socket.remoteAddress, "127.0.0.1");
  });

  it("an address whose last connection ended without a byte is tried last", async () => {
    const port = await listen(createTcpServer());
    await listen(
      createTcpServer((socket) => socket.write("+OK")),
      "127.0.0.2",
      port,
    );
    const { dialler } = diallerTo("127.0.0.1", "127.0.0.2");
    const dial = async () => keep(await dialler.dial({ host: "redis.test", port }, never())) as Socket;
    const first = await dial();
    assert.equal(first.remoteAddress, "127.0.0.1");
    first.destroy();
    await once(first, "close");
    const second = await dial();
    assert.equal(second.remoteAddress, "127.0.0.2");
    second.resume();
    await once(second, "data");
    second.destroy();
    await once(second, "close");
    assert.equal((await dial()).remoteAddress, "127.0.0.2");
  });

  it("while the resolver hangs, the address that it gave last is dialled", async () => {
    const port = await listen(createTcpServer());
    const { dialler, lookups } = diallerTo("127.0.0.1");
    keep(await dialler.dial({ host: "redis.test", port }, never()));
    lookups.areAway = true;
    const socket = await dialler.dial({ host: "redis.test", port }, never());
    keep(socket);
    assert.deepEqual([socket.remoteAddress, lookups.answers], ["127.0.0.1", 1]);
  });

  it("a name without an address of the wanted family does not resolve", async () => {
    const { dialler } = diallerTo("127.0.0.1");
    await assert.rejects(dialler.dial({ host: "redis.test", port: 1, family: 6 }, never()), { code: "ENOTFOUND" });
  });

  it("what is given up ends at once, whether it waits for the name or for the handshake, and leaves no socket", async () => {
    const accepted: Socket[] = [];
    const port = await listen(createTcpServer((socket) => accepted.push(socket.resume())));
    const { dialler, lookups } = diallerTo("127.0.0.1");
    const opening = new OpeningStream(dialler);
    const failures: string[] = [];
    const open = () =>
      opening.open(
        async () => ({ host: "redis.test", port, tls: { ca: authority.cert } }),
        ({ message }) => failures.push(message),
      );
    const inHandshake = open();
    await waitUntil("the handshake has begun", () => accepted.length === 1);
    opening.giveUp();
    assert.equal((await inHandshake).destroyed, true);
    await waitUntil("its socket is closed", () => accepted[0]?.destroyed === true);

    const other = new RedisDialler(new NameCache(systemTimers, () => {}), systemTimers);
    const looking = new OpeningStream(other);
    const inLookup = looking.open(
      async () => ({ host: "redis.test", port }),
      ({ message }) => failures.push(message),
    );
    looking.giveUp();
    assert.equal((await inLookup).destroyed, true);
    assert.deepEqual([failures.length, lookups.answers, accepted.length], [2, 1, 1]);
  });
});
