import { randomBytes } from "node:crypto";
import { appendFileSync } from "node:fs";
import { inspect } from "node:util";

/**
 * Where this process and its children note the secrets that they make up, one a line: the runner of the tests gives the
 * file of each test a path here, and searches its output for them.
 */
export const canariesFileVariable = "ROLLCALL_TEST_CANARIES";

const made = new Set<string>();
const leaks = new Set<string>();

/**
 * A secret for a test: text that occurs nowhere else, new at each call. Lines of a `collectingLogger`, what is left in a
 * Redis server of the tests, and what the test writes are searched for it; one that is found fails the file.
 *
 * @param name of letters, digits and hyphens; it stands in the secret, and in the complaint
 */
export function canary(name: string): string {
  return foreignCanary(`canary-${name}-${randomBytes(9).toString("hex")}`);
}

/** The same for a secret that something else has made up, such as a key that a cluster gives out. Returns it. */
export function foreignCanary(secret: string): string {
  made.add(secret);
  const file = process.env[canariesFileVariable];
  if (file !== undefined) appendFileSync(file, `${secret}\n`);
  return secret;
}

export function hasCanaries(): boolean {
  return made.size > 0;
}

/** The names of those secrets that the text shows: as they are, or in base64 at any place of it. */
export function canariesIn(text: string, secrets: Iterable<string> = made): string[] {
  const found = [...secrets].filter((secret) => spellings(secret).some((spelling) => text.includes(spelling)));
  return found.map((secret) => (secret.startsWith("canary-") ? secret.replace(/-[^-]*$/, "") : "that a cluster made"));
}

/** Fails the process, and says so once, if this shows a secret that it made up. Of no effect where it made none. */
export function searchForCanaries(where: string, shown: unknown): void {
  if (!hasCanaries()) return;
  const text = typeof shown === "string" ? shown : inspect(shown, { depth: null, maxStringLength: null });
  for (const name of canariesIn(text)) {
    const leak = `${where} shows the secret ${name}`;
    if (!leaks.has(leak)) console.error(leak);
    leaks.add(leak);
    process.exitCode = 1;
  }
}

function spellings(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const inBase64 = [0, 1, 2].map((before) => {
    const all = Buffer.concat([Buffer.alloc(before), bytes]).toString("base64");
    // The letters at both ends hold bits of what stands beside the secret.
    return all.slice(before === 0 ? 0 : before + 1, -4);
  });
  return [secret, ...inBase64];
}
