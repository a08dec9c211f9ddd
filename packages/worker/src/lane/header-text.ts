/** Between a name and its value, and between two lines. */
const separatorBytes = 2;
const afterName = [0x3a, 0x20] as const;
const afterValue = [0x0d, 0x0a] as const;

/** The lines of an answer's headers as they came, `name: value`, with CRLF between them. */
export function headerText(rawHeaders: readonly Buffer[] | string): string {
  if (typeof rawHeaders === "string") return rawHeaders;
  return asTheyCame(rawHeaders) ?? linesOf(rawHeaders);
}

/** Mostly the parts lie in one buffer in the order of the text: then one copy replaces dozens. */
function asTheyCame(rawHeaders: readonly Buffer[]): string | undefined {
  const first = rawHeaders[0];
  const last = rawHeaders[rawHeaders.length - 1];
  if (first === undefined || last === undefined) return "";
  let end = first.byteOffset - separatorBytes;
  for (const part of rawHeaders) {
    if (part.byteOffset !== end + separatorBytes) return undefined;
    end = part.byteOffset + part.length;
  }
  // Not of each part: to ask for its buffer takes longer than all the rest. The separators show whether one lay elsewhere.
  if (last.buffer !== first.buffer) return undefined;
  const text = Buffer.from(first.buffer, first.byteOffset, end - first.byteOffset).toString("latin1");
  return hasSeparators(text, rawHeaders) ? text : undefined;
}

function hasSeparators(text: string, rawHeaders: readonly Buffer[]): boolean {
  let at = 0;
  let isName = true;
  for (const { length } of rawHeaders) {
    at += length;
    if (at === text.length) return true;
    const [first, second] = isName ? afterName : afterValue;
    if (text.charCodeAt(at) !== first || text.charCodeAt(at + 1) !== second) return false;
    at += separatorBytes;
    isName = !isName;
  }
  return false;
}

function linesOf(rawHeaders: readonly Buffer[]): string {
  let text = "";
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const line = `${rawHeaders[at]?.toString("latin1")}: ${rawHeaders[at + 1]?.toString("latin1")}`;
    text += at === 0 ? line : `\r\n${line}`;
  }
  return text;
}
