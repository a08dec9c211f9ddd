import { tlsFaultOf } from "./tls-fault.js";

/** For people; an operator should not have to know errno names. */
const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  ECONNRESET: "connection reset",
  EPIPE: "connection closed by the other side",
  EHOSTUNREACH: "host unreachable",
  ENETUNREACH: "network unreachable",
  ETIMEDOUT: "no connection in time",
  ENOTFOUND: "host name does not resolve",
  EAI_AGAIN: "host name does not resolve just now",
  UND_ERR_CONNECT_TIMEOUT: "no connection in time",
  UND_ERR_SOCKET: "connection closed by the other side",
  HTTPParserError: "the answer is not HTTP that we can read",
  UND_ERR_HEADERS_OVERFLOW: "the answer's headers are larger than 128 KB",
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: "the answer has not the length that its headers name",
  UND_ERR_RES_EXCEEDED_MAX_SIZE: "the answer is larger than the pool reads",
  CONTENT_UNREADABLE: "the answer has a content coding that this Node cannot undo",
  CONTENT_DAMAGED: "the compressed answer is damaged",
  CONTENT_CUT_SHORT: "the compressed answer is cut short",
  ERR_HOST_REFUSED: "its name leads to an address that the host policy refuses: see `discovery.allow`",
  ERR_PROXY_UNREACHABLE: "the proxy of the option `proxy` cannot be reached",
  ERR_PROXY_AUTH: "the proxy refuses its credential: correct the one in `proxy`",
  ERR_PROXY_ANSWER: "the proxy does not answer CONNECT as a proxy does: see `proxy`",
  ERR_PROXY_REFUSED: "the proxy refuses to connect to the node: its rules must allow CONNECT to that host and port",
  ERR_PROXY_NODE: "the proxy cannot connect to the node",
  ERR_PROXY_TIMEOUT: "the proxy has not connected to the node in time",
};

/** What an error code of a connection means, in words; the code itself where we have none. */
export function failureReason(code: string): string {
  return reasons[code] ?? tlsFaultOf(code)?.sentence ?? code;
}
