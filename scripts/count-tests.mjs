// A reporter of node:test: one JSON line for each test that has ended. run-tests.mjs counts them.
export default async function* countTests(source) {
  for await (const { type, data } of source) {
    if (type !== "test:pass" && type !== "test:fail") continue;
    if (data.details?.type === "suite") continue;
    const outcome = data.skip !== undefined ? "skipped" : type === "test:pass" ? "passed" : "failed";
    yield `${JSON.stringify({ outcome, name: data.name })}\n`;
  }
}
