import { createPrivateKey, X509Certificate } from "node:crypto";
import { regularFile } from "./flag-files.js";

/**
 * The path of a file of authorities that the coordinator may read again by itself. Undefined for a pipe, and for a file
 * that is no certificate: its content is an option, and the problem with it has the flag's name.
 */
export async function rereadableAuthority(
  name: string | undefined,
  content: Buffer | undefined,
): Promise<string | undefined> {
  if (name === undefined || content === undefined || certificateIn(content) === undefined) return undefined;
  return regularFile(name);
}

/** The same of a certificate and its key, which are read again together. Undefined where one of them cannot be. */
export async function rereadablePair(
  names: { readonly cert: string | undefined; readonly key: string | undefined },
  cert: Buffer | undefined,
  key: Buffer | undefined,
): Promise<{ readonly certFile: string; readonly keyFile: string } | undefined> {
  if (names.cert === undefined || names.key === undefined || cert === undefined || key === undefined) return undefined;
  if (!isPair(cert, key)) return undefined;
  const [certFile, keyFile] = [await regularFile(names.cert), await regularFile(names.key)];
  return certFile === undefined || keyFile === undefined ? undefined : { certFile, keyFile };
}

function certificateIn(content: Buffer): X509Certificate | undefined {
  try {
    return new X509Certificate(content);
  } catch {
    return undefined;
  }
}

function isPair(cert: Buffer, key: Buffer): boolean {
  try {
    return certificateIn(cert)?.checkPrivateKey(createPrivateKey(key)) === true;
  } catch {
    return false;
  }
}
