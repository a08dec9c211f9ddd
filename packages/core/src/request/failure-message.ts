import type { Attempt, RollcallErrorCode } from "../errors.js";
import { failureReason } from "../failure-reason.js";

/**
 * The message of a request that failed with this code after these attempts. It never quotes an answer or an error, but
 * for `ownSentence`, which says what we found in the last attempt.
 */
export function failureMessage(code: RollcallErrorCode, attempts: readonly Attempt[], ownSentence?: string): string {
  const last = attempts.at(-1);
  const sentence = ownSentence ?? sentenceFor(code, last?.code);
  return last === undefined ? sentence : `${sentence} (${last.node}: ${last.code})`;
}

function sentenceFor(code: RollcallErrorCode, lastCode: string | undefined): string {
  const sentence = sentences[code] ?? "the request could not be sent";
  const reason = lastCode === undefined ? lastCode : failureReason(lastCode);
  if (reason === undefined || reason === lastCode) return sentence;
  if (code === "TLS") return `${sentence}: ${reason}`;
  return code === "BAD_RESPONSE" || lastCode?.startsWith("ERR_PROXY_") === true ? reason : sentence;
}

const sentences: Readonly<Partial<Record<RollcallErrorCode, string>>> = {
  TIMEOUT: "the timeout had ended before an attempt could begin",
  NO_NODE: "no node accepted a connection",
  CONNECT: "the connection was never made",
  TLS: "the connection was refused by TLS",
  DISCONNECTED: "the connection was lost before the whole answer had come",
  BAD_RESPONSE: "the answer is not HTTP that we can read",
};
