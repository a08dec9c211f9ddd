/** One line of a chart: a value for each second from 0. */
export interface ChartLine {
  readonly label: string;
  readonly perSecond: readonly number[];
}

export interface Chart {
  readonly title: string;
  /** Of the upright axis. */
  readonly unit: string;
  readonly lines: readonly ChartLine[];
  /** When something was wrong, in seconds. */
  readonly faults: readonly { readonly fromSecond: number; readonly toSecond: number }[];
}

const width = 760;
const height = 300;
const margin = { left: 64, right: 16, top: 36, bottom: 48 } as const;
const linesMax = 4;
/** Names of clients are long. */
const legend = { perRow: 3, perRowOfFour: 2, rowHeight: 20 } as const;

// Readable on white and on near-black, and distinct by their dashes without colours.
const strokes = ["#0b7fd4", "#d9640a", "#1f9254", "#a05bc8"] as const;
const dashes = ["", "7 3", "2 3", "9 3 2 3"] as const;

/**
 * Lines over time as SVG that needs nothing else: no script, no font but the reader's, no background, so that it stands
 * on light and dark pages alike. Well below 20 KB for some minutes. @throws for more than four lines
 */
export function throughputChart({ title, unit, lines, faults }: Chart): string {
  if (lines.length > linesMax) throw new Error(`a chart has room for ${linesMax} lines, not ${lines.length}`);
  const duration = Math.max(1, ...lines.map(({ perSecond }) => perSecond.length));
  const top = roundUp(Math.max(1, ...lines.flatMap(({ perSecond }) => perSecond)));
  const { left } = margin;
  const right = width - margin.right;
  const perRow = lines.length > legend.perRow ? legend.perRowOfFour : legend.perRow;
  const upper = margin.top + Math.ceil(lines.length / perRow) * legend.rowHeight;
  const bottom = height - margin.bottom;
  const x = (second: number) => left + (second / duration) * (right - left);
  const y = (value: number) => bottom - (value / top) * (bottom - upper);

  const bands = faults.map(
    ({ fromSecond, toSecond }) =>
      `<rect class="fault" x="${short(x(fromSecond))}" y="${upper}" width="${short(Math.max(1, x(toSecond) - x(fromSecond)))}" height="${bottom - upper}"/>`,
  );
  const uprights = ticks(top, 4).flatMap((value) => [
    `<line class="grid" x1="${left}" x2="${right}" y1="${short(y(value))}" y2="${short(y(value))}"/>`,
    `<text x="${left - 8}" y="${short(y(value) + 4)}" text-anchor="end">${value}</text>`,
  ]);
  const times = ticks(duration, 10).map(
    (second) => `<text x="${short(x(second))}" y="${bottom + 18}" text-anchor="middle">${second}</text>`,
  );
  const drawn = lines.map(({ perSecond }, at) => {
    // A second's count stands at the middle of it.
    const points = perSecond.map((value, second) => `${short(x(second + 0.5))},${short(y(value))}`).join(" ");
    return `<polyline class="line" stroke="${strokes[at]}" stroke-dasharray="${dashes[at]}" points="${points}"/>`;
  });
  const names = lines.flatMap(({ label }, at) => {
    const from = left + (at % perRow) * ((right - left) / perRow);
    const level = margin.top + Math.floor(at / perRow) * legend.rowHeight + 4;
    return [
      `<line class="line" stroke="${strokes[at]}" stroke-dasharray="${dashes[at]}" x1="${short(from)}" x2="${short(from + 26)}" y1="${level}" y2="${level}"/>`,
      `<text x="${short(from + 32)}" y="${level + 4}">${escaped(label)}</text>`,
    ];
  });

  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escaped(title)}">`,
    `<title>${escaped(title)}</title>`,
    `<style>${style}</style>`,
    `<text class="title" x="${left}" y="22">${escaped(title)}</text>`,
    ...bands,
    ...uprights,
    ...times,
    `<text x="${(left + right) / 2}" y="${height - 8}" text-anchor="middle">seconds</text>`,
    `<text x="16" y="${(upper + bottom) / 2}" text-anchor="middle" transform="rotate(-90 16 ${(upper + bottom) / 2})">${escaped(unit)}</text>`,
    ...drawn,
    ...names,
    "</svg>",
  ].join("\n")}\n`;
}

const style = [
  "text{font:12px system-ui,sans-serif;fill:#6e7781}",
  ".title{font-weight:600;font-size:14px}",
  ".grid{stroke:#8b949e;stroke-opacity:.35}",
  ".fault{fill:#d1242f;fill-opacity:.12}",
  ".line{fill:none;stroke-width:2;stroke-linejoin:round}",
  "@media(prefers-color-scheme:dark){text{fill:#adb5bd}.fault{fill-opacity:.25}}",
].join("");

/** From 0 to `end`, at round distances: at most `count` of them. */
function ticks(end: number, count: number): number[] {
  const step = roundUp(end / count);
  return Array.from({ length: Math.floor(end / step) + 1 }, (_, at) => Number((at * step).toPrecision(6)));
}

/** The next of 1, 2, 2.5, 5 and 10 times a power of ten. */
function roundUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  const factor = [1, 2, 2.5, 5, 10].find((one) => one * power >= value) ?? 10;
  return factor * power;
}

function short(value: number): string {
  return String(Math.round(value * 10) / 10);
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
