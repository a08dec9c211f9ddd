import { createPrivateKey, X509Certificate } from "node:crypto";
import { Listeners, type Logger, logEvent, present, RollcallError, type Timers } from "@rollcall/core";
import type { ClusterConfig, TlsConfig } from "@rollcall/core/config";
import { bounds } from "@rollcall/core/config";
import { ChangingFile, type FileContent } from "./changing-file.js";
import { openEach, placesOf } from "./configured-places.js";

type FileOption = "caFile" | "certFile" | "keyFile";

/**
 * The TLS settings of a configuration, with the content of the files that they name. Settings are another object as soon
 * as a file is renewed: so new connections use them, and those that are open end with their requests.
 */
export class TlsFiles {
  private readonly renewed = new Map<TlsConfig, RenewedTls>();

  /** @throws {RollcallError} `CONFIG` if files cannot be used, with one problem a line */
  constructor(config: ClusterConfig, timers: Timers, logger: Logger) {
    openEach(
      placesOf(config.tls, config.seeds, ({ tls }) => tls),
      (tls, place) => {
        if (tls.caFile === undefined && tls.certFile === undefined) return;
        this.renewed.set(tls, new RenewedTls(tls, place, timers, logger));
      },
    );
  }

  /** The settings as they are now. */
  of(tls: TlsConfig): TlsConfig {
    return this.renewed.get(tls)?.current ?? tls;
  }

  start(): void {
    for (const one of this.renewed.values()) one.start();
  }

  /** Calls `listener` each time settings are others. */
  onChange(listener: () => void): void {
    for (const one of this.renewed.values()) one.changes.add(listener);
  }

  close(): void {
    for (const one of this.renewed.values()) one.close();
  }
}

/** One place's settings. A certificate and a key that do not belong together are not used: the pair before stays. */
class RenewedTls {
  readonly changes = new Listeners<void>();
  current: TlsConfig;
  private readonly files: Partial<Record<FileOption, ChangingFile<string>>>;

  constructor(
    private readonly given: TlsConfig,
    private readonly place: string,
    timers: Timers,
    private readonly logger: Logger,
  ) {
    const open = (name: FileOption, parse: (pem: string) => void): ChangingFile<string> | undefined => {
      const path = given[name];
      if (path === undefined) return undefined;
      const source = { option: `tls.${name}${place}`, path, maxBytes: bounds.pemCharacters.max };
      return new ChangingFile({ ...source, parse: (bytes) => readPem(bytes, parse) }, timers, logger);
    };
    this.files = present({
      caFile: open("caFile", (pem) => new X509Certificate(pem)),
      certFile: open("certFile", (pem) => new X509Certificate(pem)),
      keyFile: open("keyFile", readKey),
    });
    if (!this.fits) throw new RollcallError("CONFIG", `tls.keyFile${place}: ${noPair}`);
    this.current = this.content;
    for (const file of Object.values(this.files)) file.onChange(() => this.renew());
  }

  start(): void {
    for (const file of Object.values(this.files)) file.start();
  }

  close(): void {
    for (const file of Object.values(this.files)) file.close();
  }

  private renew(): void {
    if (this.fits) {
      this.current = this.content;
      return this.changes.emit();
    }
    const fields = { option: `tls.keyFile${this.place}`, path: this.given.keyFile };
    const text = `${noPair} (tls.certFile, tls.keyFile${this.place}): the pair before stays in use`;
    logEvent(this.logger, "tls.pair-incomplete", fields, text);
    // The other half may have been renewed since it was looked at.
    void this.files.certFile?.reread();
    void this.files.keyFile?.reread();
  }

  private get fits(): boolean {
    const { certFile, keyFile } = this.files;
    if (certFile === undefined || keyFile === undefined) return true;
    return new X509Certificate(certFile.content).checkPrivateKey(createPrivateKey(keyFile.content));
  }

  private get content(): TlsConfig {
    const { caFile, certFile, keyFile } = this.files;
    return {
      ...this.given,
      ...present({ ca: caFile && [caFile.content], cert: certFile?.content, key: keyFile?.content }),
    };
  }
}

const noPair = "the key is not that of the certificate";

function readPem(bytes: Buffer, parse: (pem: string) => void): FileContent<string> {
  const pem = bytes.toString("latin1");
  try {
    parse(pem);
    return { kind: "usable", content: pem };
  } catch (error) {
    // OpenSSL's own message may quote what it read.
    const isOurs = error instanceof RollcallError;
    return {
      kind: "failed",
      problem: isOurs ? error.message : "does not begin with a certificate or key that can be read, as PEM",
    };
  }
}

function readKey(pem: string): void {
  if (/-----BEGIN ENCRYPTED PRIVATE KEY-----|Proc-Type: 4,ENCRYPTED/.test(pem)) {
    throw new RollcallError("CONFIG", "holds an encrypted key: write the key without its passphrase");
  }
  createPrivateKey(pem);
}
