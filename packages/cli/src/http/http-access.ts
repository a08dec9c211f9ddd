import { createHash, timingSafeEqual } from "node:crypto";
import type { HttpOptions } from "./http-options.js";

/** What a client may do: nothing, read, or read and act. */
export type Role = "none" | "reader" | "operator";

/** Decides by its token what a client may do. Tokens are compared in constant time, and kept only as digests. */
export class HttpAccess {
  private readonly reader: Buffer | undefined;
  private readonly operator: Buffer | undefined;
  private readonly isOpen: boolean;

  constructor({ address, readerToken, operatorToken, tls }: HttpOptions) {
    this.reader = digestOf(readerToken);
    this.operator = digestOf(operatorToken);
    this.isOpen = readerToken === undefined && (address.isLoopback || tls?.clientCa !== undefined);
  }

  /** Whether a client without a token may read. */
  get readsWithoutToken(): boolean {
    return this.isOpen;
  }

  /** Whether there is a token to act with. */
  get hasOperators(): boolean {
    return this.operator !== undefined;
  }

  /** @param authorization the header; a wrong token is not the same as none */
  roleOf(authorization: string | undefined): Role {
    if (authorization === undefined) return this.isOpen ? "reader" : "none";
    const given = digestOf(/^Bearer ([\x21-\x7e]{1,512})$/i.exec(authorization)?.[1] ?? "");
    const [isOperator, isReader] = [isSame(given, this.operator), isSame(given, this.reader)];
    if (isOperator) return "operator";
    return isReader ? "reader" : "none";
  }
}

/** Digests have one length, so that not even the length of a token can be measured. */
function digestOf(token: string): Buffer;
function digestOf(token: string | undefined): Buffer | undefined;
function digestOf(token: string | undefined): Buffer | undefined {
  return token === undefined ? undefined : createHash("sha256").update(token).digest();
}

function isSame(given: Buffer, known: Buffer | undefined): boolean {
  return known !== undefined && timingSafeEqual(given, known);
}
