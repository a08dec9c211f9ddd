// Signs requests with AWS Signature Version 4, by AWS's own signer: for `sign` of a pool, or `--sign` of the command.
// The environment says for what: AWS_REGION, and AWS_SERVICE (`es` for a domain of Amazon OpenSearch Service, the
// default; `aoss` for OpenSearch Serverless). Keys are found as by every AWS SDK: environment, ~/.aws, container, role.
import { Sha256 } from "@aws-crypto/sha256-js";
import { fromNodeProviderChain } from "@aws-sdk/credential-providers";
import { SignatureV4 } from "@smithy/signature-v4";

const { AWS_REGION: region, AWS_SERVICE: service = "es" } = process.env;
// It keeps the keys until shortly before they expire.
const signer = new SignatureV4({ region, service, credentials: fromNodeProviderChain(), sha256: Sha256 });

export default async function sign({ method, scheme, host, port, path, headers, body }) {
  const end = path.indexOf("?");
  const request = {
    ...{ method, protocol: `${scheme}:`, hostname: host, port },
    path: end === -1 ? path : path.slice(0, end),
    query: end === -1 ? {} : queryOf(path.slice(end + 1)),
    // The fewer headers are signed, the fewer can be changed on the way. The signer adds x-amz-date and the others.
    headers: { host: headers.host, ...(body === undefined ? unsigned : {}) },
    body: body ?? undefined,
  };
  return (await signer.sign(request)).headers;
}

/** The bytes of a body that streams are not there yet. */
const unsigned = { "x-amz-content-sha256": "UNSIGNED-PAYLOAD" };

/** Decoded, because the signer encodes; a name that occurs twice has two values. */
function queryOf(text) {
  const query = {};
  for (const pair of text.split("&").filter((part) => part !== "")) {
    const [name, ...value] = pair.split("=");
    const values = query[decodeURIComponent(name)] ?? [];
    query[decodeURIComponent(name)] = [...values, decodeURIComponent(value.join("="))];
  }
  return query;
}
