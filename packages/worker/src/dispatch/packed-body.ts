import { pipeline, Readable } from "node:stream";
import { createGzip, gzip, gzipSync } from "node:zlib";
import { type BodySource, isBodySource, type SentBody } from "./body-source.js";

/** What is sent of a request in place of what was prepared. */
export interface PackedRequest {
  readonly headers: readonly string[];
  readonly body: SentBody;
}

/** Measured on lines of JSON: level 6 makes a body a quarter smaller, and takes more than twice as long. */
const level = 1;
/** A larger body is packed in the thread pool: this much takes a thread less than a millisecond. */
const atOnceMaxBytes = 32_768;
const pieceBytes = 65_536;

/** Packs the bodies of one thread's requests as gzip. */
export class BodyPacking {
  /** Bodies that the thread pool has just now. */
  private underWay = 0;

  /** `aboveBytes`: undefined for no packing. `max`: how many bodies the thread pool may have. */
  constructor(
    private readonly aboveBytes: number | undefined,
    private readonly max: number,
  ) {}

  wants({ body, headers }: PackedRequest): boolean {
    if (this.aboveBytes === undefined || body === undefined) return false;
    return isLarger(body, this.aboveBytes) && !hasCoding(headers);
  }

  /**
   * `done`: called once, at once for a small body and for a source. Undefined where packing does not make it smaller, and
   * for a large one while the thread pool has enough of them.
   */
  pack({ body, headers }: PackedRequest, done: (packed: PackedRequest | undefined) => void): void {
    const packedHeaders = [...headers, "content-encoding", "gzip"];
    if (body === undefined) return done(undefined);
    if (isBodySource(body)) return done({ headers: packedHeaders, body: new PackedSource(body) });
    const bytes = typeof body === "string" ? Buffer.from(body, "utf8") : body;
    const smaller = (packed: Buffer) =>
      packed.length < bytes.length ? { headers: packedHeaders, body: packed } : undefined;
    if (bytes.length <= atOnceMaxBytes) return done(smaller(gzipSync(bytes, { level })));
    if (this.underWay >= this.max) return done(undefined);
    this.underWay++;
    gzip(bytes, { level, chunkSize: pieceBytes }, (error, packed) => {
      this.underWay--;
      done(error === null ? smaller(packed) : undefined);
    });
  }
}

function isLarger(body: Exclude<SentBody, undefined>, aboveBytes: number): boolean {
  if (typeof body !== "string") return isBodySource(body) || body.length > aboveBytes;
  if (body.length > aboveBytes) return true;
  // Text has at most three bytes for each of its units.
  return body.length * 3 > aboveBytes && Buffer.byteLength(body, "utf8") > aboveBytes;
}

function hasCoding(headers: readonly string[]): boolean {
  for (let at = 0; at < headers.length; at += 2) if (headers[at] === "content-encoding") return true;
  return false;
}

/** A body that streams, packed as it is read. It reads a little ahead of what is taken. */
class PackedSource implements BodySource {
  private pieces: AsyncIterator<Uint8Array> | undefined;

  constructor(private readonly source: BodySource) {}

  get hasBegun(): boolean {
    return this.source.hasBegun;
  }

  async next(): Promise<Uint8Array | undefined> {
    this.pieces ??= this.open();
    const { done, value } = await this.pieces.next();
    return done === true ? undefined : value;
  }

  stop(): void {
    this.source.stop();
  }

  private open(): AsyncIterator<Uint8Array> {
    const packer = createGzip({ level, chunkSize: pieceBytes });
    // Its error is the iterator's, too.
    pipeline(Readable.from(this.read()), packer, () => {});
    return packer[Symbol.asyncIterator]();
  }

  private async *read(): AsyncGenerator<Uint8Array, void> {
    for (let piece = await this.source.next(); piece !== undefined; piece = await this.source.next()) yield piece;
  }
}
