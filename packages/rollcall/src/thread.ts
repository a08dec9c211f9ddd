/** What a worker thread runs: an entry of its own for bundlers. docs/bundlers.md says when it is needed. */
import "@rollcall/worker/thread";
