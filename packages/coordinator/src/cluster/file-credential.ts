import { type Logger, RollcallError, type Timers } from "@rollcall/core";
import { authorizationHeader } from "@rollcall/core/access";
import { type Auth, type AuthFileConfig, contentOfFile, parseAuth } from "@rollcall/core/config";
import { ChangingFile, type FileContent } from "./changing-file.js";
import type { CredentialSource } from "./credential-source.js";

/** Most often the file is being written. */
const emptyPassword = "is empty; an empty password is given as an empty `password`";
/** More than any part of a credential may have. */
const maxBytes = 65_536;

/** A credential whose secret is the content of a file. */
export class FileCredential implements CredentialSource {
  private readonly file: ChangingFile<string>;

  /**
   * @param place "" for the cluster's, else such as " of es1:9200"
   * @throws {RollcallError} `CONFIG` if the file cannot be used
   */
  constructor(auth: AuthFileConfig, place: string, timers: Timers, logger: Logger) {
    const { name, path, authOf } = kindOf(auth);
    const whenEmpty = name === "passwordFile" ? emptyPassword : "is empty";
    const parse = (bytes: Buffer) => headerOf(bytes, authOf, whenEmpty);
    this.file = new ChangingFile({ option: `auth.${name}${place}`, path, maxBytes, whenEmpty, parse }, timers, logger);
  }

  get header(): string {
    return this.file.content;
  }

  async start(): Promise<void> {
    this.file.start();
  }

  async ask(): Promise<void> {
    await this.file.reread();
  }

  onChange(listener: () => void): void {
    this.file.onChange(listener);
  }

  close(): void {
    this.file.close();
  }
}

interface FileKind {
  readonly name: "passwordFile" | "apiKeyFile" | "bearerFile";
  readonly path: string;
  readonly authOf: (secret: string) => Auth;
}

function kindOf(auth: AuthFileConfig): FileKind {
  if ("apiKeyFile" in auth) return { name: "apiKeyFile", path: auth.apiKeyFile, authOf: (apiKey) => ({ apiKey }) };
  if ("bearerFile" in auth) return { name: "bearerFile", path: auth.bearerFile, authOf: (bearer) => ({ bearer }) };
  const { username, passwordFile } = auth;
  return { name: "passwordFile", path: passwordFile, authOf: (password) => ({ username, password }) };
}

function headerOf(bytes: Buffer, authOf: (secret: string) => Auth, whenEmpty: string): FileContent<string> {
  const secret = contentOfFile(bytes.toString("utf8"));
  if (secret === "") return { kind: "failed", problem: whenEmpty };
  try {
    return { kind: "usable", content: authorizationHeader(parseAuth(authOf(secret))) };
  } catch (error) {
    return { kind: "failed", problem: `holds no such secret (${error instanceof RollcallError ? error.message : ""})` };
  }
}
