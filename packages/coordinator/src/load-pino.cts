/**
 * The module `pino`, loaded at the first call. CommonJS on purpose: only `require` loads a library where it is used and
 * at once, and bundlers follow it here.
 */
function loadPino(): typeof import("pino") {
  return require("pino");
}

export = loadPino;
