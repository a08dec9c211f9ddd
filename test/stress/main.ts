// npm run stress -- [--seed N] [--seconds N]: threads, views, slots, aborts and tasks under load, with a checker.
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: { seed: { type: "string" }, seconds: { type: "string", default: "60" } },
});
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
const seconds = Number(values.seconds);

interface Stress {
  stress(options: { readonly seed: number; readonly seconds: number }): Promise<object>;
}
// The parts that it joins are the worker's own, and not among what the package exports.
const rig = new URL("../../../packages/worker/dist/stress/stress.test.support.js", import.meta.url);
const { stress } = (await import(rig.href)) as Stress;

console.log(`seed ${seed}, ${seconds} s`);
console.log(JSON.stringify(await stress({ seed, seconds })));
