// A node that answers `/size/BYTES` with so many bytes, as fast as the connection takes them. Takes any body.
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

const piece = Buffer.alloc(65_536, "x");

const server = createServer((request, response) => {
  const { url = "/" } = request;
  const [, bytes] = /^\/size\/(\d+)/.exec(url) ?? [];
  if (bytes === undefined) return void request.resume().once("end", () => response.end("{}"));
  response.writeHead(200, { "content-length": bytes });
  send(response, Number(bytes));
});

function send(response: ServerResponse, byteLength: number): void {
  let left = byteLength;
  const more = () => {
    while (left > 0 && !response.destroyed) {
      const part = left >= piece.length ? piece : piece.subarray(0, left);
      left -= part.length;
      if (!response.write(part)) return void response.once("drain", more);
    }
    response.end();
  };
  more();
}

server.listen(0, "127.0.0.1", () => {
  process.on("message", () => process.send?.((server.address() as AddressInfo).port));
});
