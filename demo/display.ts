import type { TerminalSize } from "./figures.js";

/** The state of things at one moment, in both forms in which it can be shown. */
export interface Drawing {
  /** For a terminal: no line is wider than it, and they are fewer than its rows. */
  block(size: TerminalSize, colour: boolean): readonly string[];
  /** For a pipe or a file. */
  lines(): readonly string[];
}

/** Where the demo shows itself: a terminal, with a block redrawn in place, or a pipe, with lines now and then. */
export interface Display {
  /** How often a drawing is wanted. */
  readonly everyMs: number;
  /** One line that stays. */
  say(line: string): void;
  /** In a terminal it replaces the last one. */
  draw(drawing: Drawing): void;
  /** The last drawing stays, and lines go below it from now on. */
  keep(): void;
}

export function createDisplay(output: NodeJS.WriteStream): Display {
  return output.isTTY && process.env.TERM !== "dumb" ? terminalDisplay(output) : lineDisplay(output);
}

function terminalDisplay(output: NodeJS.WriteStream): Display {
  let block: readonly string[] = [];
  // One write a change: the eye never sees the block half drawn.
  const redraw = (above: string, next: readonly string[]) => {
    const erase = block.length === 0 ? "" : `\r\u001b[${block.length}A\u001b[J`;
    block = next;
    output.write(erase + above + next.map((line) => `${line}\n`).join(""));
  };
  return {
    everyMs: 250,
    say: (line) => redraw(`${line}\n`, block),
    draw: (drawing) => {
      // A terminal that does not know its size says 0.
      const size = { columns: output.columns || 80, rows: output.rows || 24 };
      redraw("", drawing.block(size, output.hasColors()));
    },
    keep: () => {
      block = [];
    },
  };
}

function lineDisplay(output: NodeJS.WritableStream): Display {
  const say = (line: string) => {
    output.write(`${line}\n`);
  };
  return {
    everyMs: 5_000,
    say,
    draw: (drawing) => {
      for (const line of drawing.lines()) say(line);
    },
    keep: () => {},
  };
}
