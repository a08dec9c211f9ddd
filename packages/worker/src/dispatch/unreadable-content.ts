import type { ContentCoding } from "./content-codings.js";

/** The body of an answer could not be unpacked. Its message is ours, and may be shown. */
export class UnreadableContent extends Error {
  constructor(
    readonly code: "CONTENT_UNREADABLE" | "CONTENT_DAMAGED" | "CONTENT_CUT_SHORT",
    message: string,
  ) {
    super(message);
  }
}

export function unknownCoding(coding: string): UnreadableContent {
  return new UnreadableContent(
    "CONTENT_UNREADABLE",
    `the answer has the content coding ${coding}, which cannot be undone`,
  );
}

/** `error`: of zlib. */
export function brokenContent(coding: ContentCoding, error: { readonly code?: string | undefined }): UnreadableContent {
  if (error.code === "Z_BUF_ERROR") {
    return new UnreadableContent("CONTENT_CUT_SHORT", `the answer is cut short: its ${coding} has no end`);
  }
  return new UnreadableContent(
    "CONTENT_DAMAGED",
    `the answer is damaged: it is not the ${coding} that its headers say`,
  );
}

export function surplusContent(coding: ContentCoding): UnreadableContent {
  return new UnreadableContent("CONTENT_DAMAGED", `the answer is damaged: it goes on after the end of its ${coding}`);
}
