import { writeSync } from "node:fs";
import { hostname } from "node:os";
import { errorCodeOf, type Logger } from "@rollcall/core";
import { wallNowMs } from "./system-timers.js";

/** As pino numbers them. */
const levels = { info: 30, warn: 40, error: 50 } as const;

/** A pipe that is full is tried again after this time, and given up after so many: its reader may have stopped. */
const fullPipe = { waitMs: 5, triesMax: 20 } as const;

/**
 * Lines of JSON on standard error, at level info and above, in the form of pino's: level, time, pid, hostname, name, the
 * fields, msg. A line is written before the call returns, so that none is lost when the process ends.
 *
 * @param write writes a part of the bytes at once and returns how many, as `fs.writeSync` does
 */
export function defaultLogger(write: (bytes: Uint8Array) => number = (bytes) => writeSync(2, bytes)): Logger {
  const origin = { pid: process.pid, hostname: hostname(), name: "rollcall" };
  const at = (level: number) => (fields: object, msg: string) => {
    writeAll(Buffer.from(`${JSON.stringify({ level, time: wallNowMs(), ...origin, ...fields, msg })}\n`), write);
  };
  return { debug: () => {}, info: at(levels.info), warn: at(levels.warn), error: at(levels.error) };
}

/** @throws the error of the last try: the line is lost, or its end */
function writeAll(bytes: Uint8Array, write: (bytes: Uint8Array) => number): void {
  let rest = bytes;
  for (let tries = 1; rest.length > 0; ) {
    try {
      rest = rest.subarray(write(rest));
    } catch (error) {
      if (errorCodeOf(error) !== "EAGAIN" || tries === fullPipe.triesMax) throw error;
      tries++;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, fullPipe.waitMs);
    }
  }
}
