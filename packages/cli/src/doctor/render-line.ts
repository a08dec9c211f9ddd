import { entry, type Paint, type Style } from "../text-layout.js";

/** Whether what a line says is as it should be; "plain" says neither. */
export type LineStyle = Exclude<Style, "heading"> | "plain";

/** As wide as the labels of `rollcall sniff`. */
export const labelWidth = "unreachable".length;

/** One labelled line, or more below each other. */
export function line(label: string, mark: LineStyle, paragraphs: readonly string[], paint: Paint): string {
  return entry(label, labelWidth, paragraphs, (text) => (mark === "plain" ? text : paint(mark, text)));
}
