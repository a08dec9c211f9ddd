import type { RollcallErrorCode } from "@rollcall/core";
import type { RequestSettings } from "./sender.js";

/** What an error says of a request that could go to one node only; undefined where the usual sentence is right. */
export function namedSentence(code: RollcallErrorCode, settings: RequestSettings | undefined): string | undefined {
  if (settings?.node === undefined || code !== "NO_NODE") return undefined;
  return "the node that the request names accepted no connection";
}
