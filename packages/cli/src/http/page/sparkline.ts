const namespace = "http://www.w3.org/2000/svg";
const size = { width: 64, height: 16 };

/**
 * A line of the last minutes, without axes: it shows the shape, the number beside it the value. A gap is where nothing
 * was measured.
 */
export class Sparkline {
  readonly element: SVGSVGElement;
  private readonly path = document.createElementNS(namespace, "path");

  constructor() {
    this.element = svg("spark", size);
    this.element.append(this.path);
  }

  /** @param values the oldest first @param max how many there can be: the newest is always at the right edge */
  show(values: readonly (number | null)[], max: number): void {
    const drawn = pathOf(values, max);
    if (this.path.getAttribute("d") !== drawn) this.path.setAttribute("d", drawn);
  }
}

/** A bar that is full at 1. */
export class Meter {
  readonly element = svg("meter", { width: 64, height: 4 });
  private readonly bar = document.createElementNS(namespace, "rect");

  constructor() {
    const frame = document.createElementNS(namespace, "rect");
    for (const rect of [frame, this.bar]) {
      rect.setAttribute("height", "4");
      rect.setAttribute("rx", "2");
      this.element.append(rect);
    }
    frame.setAttribute("width", "64");
  }

  show(part: number): void {
    const width = (Math.min(1, Math.max(0, part)) * 64).toFixed(1);
    if (this.bar.getAttribute("width") !== width) this.bar.setAttribute("width", width);
  }
}

function svg(className: string, { width, height }: { readonly width: number; readonly height: number }): SVGSVGElement {
  const made = document.createElementNS(namespace, "svg");
  made.setAttribute("class", className);
  made.setAttribute("viewBox", `0 0 ${width} ${height}`);
  made.setAttribute("width", String(width));
  made.setAttribute("height", String(height));
  // The number beside it says the same.
  made.setAttribute("aria-hidden", "true");
  return made;
}

function pathOf(values: readonly (number | null)[], max: number): string {
  const top = Math.max(...values.map((value) => value ?? 0), 0);
  const step = size.width / Math.max(1, max - 1);
  const first = max - values.length;
  let joins = false;
  let path = "";
  for (const [at, value] of values.entries()) {
    if (value === null) {
      joins = false;
      continue;
    }
    const x = (first + at) * step;
    const y = top === 0 ? size.height - 1 : 1 + (size.height - 2) * (1 - value / top);
    path += `${joins ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`;
    joins = true;
  }
  return path;
}
