import { subscribe } from "node:diagnostics_channel";

const sniff = /^\/_nodes\/(?:_all\/)?http/;

/** When this process asks a node for the list of nodes, by whichever HTTP client: a time is added for each request. */
export function countSniffs(): readonly number[] {
  const atMs: number[] = [];
  for (const channel of ["undici:request:create", "http.client.request.start"]) {
    subscribe(channel, (message) => {
      const { path } = (message as { readonly request: { readonly path: string } }).request;
      if (sniff.test(path)) atMs.push(Date.now());
    });
  }
  return atMs;
}
