/** Between a name and its value, and between two lines. */
const separatorBytes = 2;

/** The lines of an answer's headers as they came, `name: value`, with CRLF between them. */
export function headerText(rawHeaders: readonly Buffer[] | string): string {
  if (typeof rawHeaders === "string") return rawHeaders;
  return asTheyCame(rawHeaders) ?? linesOf(rawHeaders);
}

/** Mostly the parts lie in the buffer in the order of the text: then one copy replaces dozens. */
function asTheyCame(rawHeaders: readonly Buffer[]): string | undefined {
  const [first] = rawHeaders;
  if (first === undefined) return "";
  const { buffer, byteOffset } = first;
  let end = byteOffset - separatorBytes;
  for (const part of rawHeaders) {
    if (part.byteOffset !== end + separatorBytes || part.buffer !== buffer) return undefined;
    end = part.byteOffset + part.byteLength;
  }
  return Buffer.from(buffer, byteOffset, end - byteOffset).toString("latin1");
}

function linesOf(rawHeaders: readonly Buffer[]): string {
  let text = "";
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const line = `${rawHeaders[at]?.toString("latin1")}: ${rawHeaders[at + 1]?.toString("latin1")}`;
    text += at === 0 ? line : `\r\n${line}`;
  }
  return text;
}
