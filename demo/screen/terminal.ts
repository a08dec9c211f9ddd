import type { TerminalSize } from "./format.js";

/** The state of a run at one moment, in both forms in which it can be shown. */
export interface Drawing {
  /** For a terminal: no line is wider than it, and they are fewer than its rows. */
  block(size: TerminalSize, colour: boolean): readonly string[];
  /** For a pipe or a file. */
  lines(): readonly string[];
}

/** Where a run is shown: a terminal, with a block redrawn in place, or a pipe, with lines now and then. */
export interface Display {
  /** The time between two drawings. */
  readonly everyMs: number;
  /** Prints one line, above the drawing. */
  print(line: string): void;
  /** In a terminal it replaces the last drawing. */
  draw(drawing: Drawing): void;
  /** Keeps the last drawing; later lines are printed below it. */
  keep(): void;
}

export function createDisplay(output: NodeJS.WriteStream): Display {
  return output.isTTY && process.env.TERM !== "dumb" ? terminalDisplay(output) : lineDisplay(output);
}

function terminalDisplay(output: NodeJS.WriteStream): Display {
  let block: readonly string[] = [];
  // One write for each change, so that the block never shows half drawn.
  const redraw = (above: string, next: readonly string[]) => {
    const erase = block.length === 0 ? "" : `\r\u001b[${block.length}A\u001b[J`;
    block = next;
    output.write(erase + above + next.map((line) => `${line}\n`).join(""));
  };
  return {
    everyMs: 250,
    print: (line) => redraw(`${line}\n`, block),
    draw: (drawing) => {
      // A terminal of unknown size reports 0.
      const size = { columns: output.columns || 80, rows: output.rows || 24 };
      redraw("", drawing.block(size, output.hasColors()));
    },
    keep: () => {
      block = [];
    },
  };
}

function lineDisplay(output: NodeJS.WritableStream): Display {
  const print = (line: string) => {
    output.write(`${line}\n`);
  };
  return {
    everyMs: 10_000,
    print,
    draw: (drawing) => {
      for (const line of drawing.lines()) print(line);
    },
    keep: () => {},
  };
}
