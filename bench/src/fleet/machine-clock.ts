/** Milliseconds on a clock that all processes of one machine share; only differences mean something. */
export function machineMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
